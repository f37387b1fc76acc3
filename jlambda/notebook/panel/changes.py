"""What differs between two boards. Pure; documents that are the same object are not looked into."""

from __future__ import annotations

from jlambda.notebook.panel.messages import Board, ChangesMessage, Document


def difference(before: Board, after: Board) -> ChangesMessage | None:
    """What makes `after` of `before`, None if they are the same."""
    now: dict[str, dict[str, Document]] = {}
    gone: dict[str, list[str]] = {}
    for name in {**before, **after}:
        old, new = before.get(name, {}), after.get(name, {})
        if old is new:
            continue
        others = {key: value for key, value in new.items() if old.get(key) is not value and old.get(key) != value}
        missing = [key for key in old if key not in new]
        if others:
            now[name] = others
        if missing:
            gone[name] = missing
    return {"type": "changes", "set": now, "gone": gone} if now or gone else None
