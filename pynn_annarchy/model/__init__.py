"""What a model is: specification, checked model, composition of cells and receptors, reports."""
