"""A scene as text: box characters, one line a row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from lineage.domain import Receipt, Relation
from lineage.export import receipts
from lineage.export.plain import LETTERS, Look, cells, clip, mix, pad, plural, printable
from lineage.scene import Scene, SceneNode


def text(scene: Scene, receipt: Receipt, look: Look) -> str:
    """The tree with its legend, its other parents and its receipt."""
    others = _second_parents(scene)
    rails = _rails(scene)
    widest = max(cells(rail) + cells(_name(node)) for rail, node in zip(rails, scene.nodes, strict=True) if node.model)
    names_end = min(widest, look.width - 36)
    lines = receipts.banner(receipt, look)
    for rail, node in zip(rails, scene.nodes, strict=True):
        lines.append(_line(rail, node, names_end, others.get(node.key, ()), receipt, look))
    lines += ["", *_legend(scene, look)]
    return "\n".join(lines + receipts.footer(receipt, look)) + "\n"


def remainder(node: SceneNode) -> str:
    """What a "+N more" stands for: `+150 more: 120 quantized, 30 finetune by 41 publishers`."""
    by = f" by {plural(node.publishers, 'publisher')}" if node.publishers else ""
    return f"+{node.more:,} more: {mix(node.hidden.items())}{by}"


def figures(node: SceneNode, receipt: Receipt) -> str:
    """`1,204 derivatives · 300 direct`, with `≥` where the crawl was not whole; empty for a leaf."""
    if node.model is None or not node.model.derivatives:
        return ""
    bound = "" if receipt.complete else "≥ "
    return f"{bound}{plural(node.model.derivatives, 'derivative')} · {node.model.direct:,} direct"


def letter(node: SceneNode) -> str:
    """The relation's letter, empty for the root."""
    return LETTERS.get(node.edge.relation, "?") if node.edge else ""


def _name(node: SceneNode) -> str:
    mark = letter(node)
    return f"{mark} {printable(node.key)}" if mark else printable(node.key)


def _line(rail: str, node: SceneNode, names_end: int, others: Sequence[str], receipt: Receipt, look: Look) -> str:
    room = look.width - cells(rail)
    if node.model is None:
        return rail + look.dim(clip(remainder(node), room))
    notes = [figures(node, receipt)]
    if node.model.stub:
        notes.append("not in the snapshot")
    if others:
        notes.append("also from " + ", ".join(printable(key) for key in others))
    if not node.open and node.model.direct:
        notes.append("not opened")
    tail = " · ".join(note for note in notes if note)
    name = clip(_name(node), max(names_end - cells(rail), 12))
    room -= max(cells(name), names_end - cells(rail)) + 2
    mark = letter(node)
    painted = look.relation(name, node.edge.relation) if node.edge and mark else look.bold(name)
    gap = pad("", max(names_end - cells(rail) - cells(name), 0))
    return f"{rail}{painted}{gap}  {look.dim(clip(tail, room))}" if tail and room > 8 else rail + painted


def _second_parents(scene: Scene) -> dict[str, list[str]]:
    """For every node the keys it hangs on besides the one it is drawn under."""
    found: dict[str, list[str]] = {}
    for line in scene.edges:
        if line.kind == "second":
            found.setdefault(line.far, []).append(line.near)
    return found


def _rails(scene: Scene) -> list[str]:
    """The box characters before every node, in drawing order."""
    last = {node.hangs_on: node.key for node in scene.nodes}
    stem: dict[str, str] = {}
    rails: list[str] = []
    for node in scene.nodes:
        if node.hangs_on is None:
            stem[node.key] = ""
            rails.append("")
            continue
        ends = last[node.hangs_on] == node.key
        before = stem[node.hangs_on]
        rails.append(before + ("└─ " if ends else "├─ "))
        stem[node.key] = before + ("   " if ends else "│  ")
    return rails


def _legend(scene: Scene, look: Look) -> list[str]:
    shown = Counter(node.edge.relation for node in scene.nodes if node.edge)
    parts = [
        look.relation(f"{LETTERS[relation]} {relation}", relation) + f" {shown[relation]:,}"
        for relation in map(str, Relation)
        if shown[relation]
    ]
    above = "ancestors" if scene.direction == "up" else "derivatives"
    models = sum(1 for node in scene.nodes if node.model)
    summary = f"{plural(models, 'model')} shown"
    if scene.hidden:
        summary += f", {scene.hidden:,} more behind +"
    lines = [" · ".join([*parts, summary])]
    if scene.truncated:
        options = " and ".join(["--limit"] * scene.wider + ["--depth"] * scene.deeper)
        lines.append(f"not all {above} are here: a larger {options} shows more")
    return lines
