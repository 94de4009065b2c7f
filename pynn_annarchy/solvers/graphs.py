"""Who depends on whom: reachability and strongly connected components of small graphs."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)


def reachable(graph: Mapping[Node, Collection[Node]]) -> dict[Node, frozenset[Node]]:
    """By node, every node that a path of at least one edge leads to; nodes that are no key have no edges."""
    closure = {node: frozenset(targets) for node, targets in graph.items()}
    for via in graph:
        for node, targets in closure.items():
            if via in targets:
                closure[node] = targets | closure[via]
    return closure


def components(graph: Mapping[Node, Collection[Node]]) -> tuple[tuple[Node, ...], ...]:
    """Strongly connected components, each after all that it has edges to, otherwise in the order of the keys."""
    closure = reachable(graph)
    pending = list(graph)
    done: set[Node] = set()
    ordered: list[tuple[Node, ...]] = []
    while pending:
        component = next(
            members
            for members in (_component(node, pending, closure) for node in pending)
            if _needed(members, graph, closure) <= done
        )
        ordered.append(component)
        done.update(component)
        pending = [node for node in pending if node not in done]
    return tuple(ordered)


def _component(node: Node, candidates: Collection[Node], closure: Mapping[Node, Collection[Node]]) -> tuple[Node, ...]:
    return tuple(other for other in candidates if other == node or (other in closure[node] and node in closure[other]))


def _needed(
    members: Collection[Node], graph: Mapping[Node, Collection[Node]], closure: Mapping[Node, Collection[Node]]
) -> set[Node]:
    return {target for member in members for target in closure[member] if target in graph} - set(members)
