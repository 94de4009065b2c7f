"""What a script waits for before its first line: nothing that only other scripts need."""

import subprocess
import sys

FOR_OTHERS = ("sympy", "pynn_annarchy.ann", "pynn_annarchy.model.check", "pynn_annarchy.model.declare")


def test_the_interface_of_pynn_imports_neither_algebra_nor_what_reads_texts_of_users():
    script = f"import sys, pyNN.annarchy; found = {set(FOR_OTHERS)} & set(sys.modules); assert not found, found"
    subprocess.run([sys.executable, "-c", script], check=True)
