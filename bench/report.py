"""A run as text and as JSON, and two runs beside each other."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.figures import Figure
from bench.targets import TARGETS

HEAD = f"{'line':58} {'ringlog':>12} {'yardstick':>12} {'figure':>8} {'spread':>15} {'target':>7}"


def line(figure: Figure) -> str:
    """One line of the table."""
    target, values = TARGETS[figure.key], figure.values
    ours, theirs = _median(figure.ours), _median(figure.theirs)
    verdict = "" if not target.judged else "pass" if target.met(figure.median) else "MISS"
    spread = f"{min(values):.2f} – {max(values):.2f}"
    text = f"{target.what:58.58} {ours:>12} {theirs:>12} {figure.median:>8.2f}"
    text += f" {spread:>15} {target.text:>7} {verdict}"
    return f"{text}\n    {figure.unit}, {len(values)} rounds{'; ' if figure.note else ''}{figure.note}"


def _median(values: list[float]) -> str:
    return f"{sorted(values)[len(values) // 2]:,.1f}" if values else ""


def written(folder: Path, name: str, machine: dict[str, str], figures: list[Figure], text: str) -> Path:
    """Both files of a run; returns the JSON's path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    path = folder / f"{name}.json"
    found = {figure.key: {**asdict(figure), "figure": figure.median} for figure in figures}
    path.write_text(
        json.dumps({"machine": machine, "figures": found}, indent=1, ensure_ascii=False), encoding="utf-8"
    )
    return path


def compared(one: Path, other: Path) -> str:
    """Figure for figure; a difference inside both spreads is no difference."""
    before, after = (_figures(path) for path in (one, other))
    lines = [f"{'line':26} {'before':>10} {'after':>10} {'change':>8}"]
    for key in [key for key in before if key in after]:
        old, new = before[key], after[key]
        change = f"{new['figure'] / old['figure']:>7.2f}x" if old["figure"] else f"{'':8}"
        apart = min(_values(new)) > max(_values(old)) or max(_values(new)) < min(_values(old))
        lines.append(f"{key:26} {old['figure']:>10.3f} {new['figure']:>10.3f} {change}")
        lines[-1] += "" if apart else " (within the spread)"
    missing = sorted(before.keys() ^ after.keys())
    return "\n".join([*lines, *([f"in one of them only: {', '.join(missing)}"] if missing else [])])


def _figures(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))["figures"]


def _values(found: dict[str, Any]) -> list[float]:
    return Figure("", "", found["ours"], found["theirs"]).values
