"""Source of a language with braces, taken apart without a compiler: comments and literals blanked, blocks found."""

from __future__ import annotations

import re


def blanked(source: str, noise: re.Pattern[str]) -> str:
    """`source` with what `noise` finds, its comments and literals, replaced by spaces, line by line the same."""
    return noise.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), source)


def block_end(text: str, start: int) -> int:
    """Where the block ends that begins just before `start`: behind its closing brace, or the end of the text."""
    depth = 1
    for found in re.finditer(r"[{}]", text[start:]):
        depth += 1 if found[0] == "{" else -1
        if depth == 0:
            return start + found.end()
    return len(text)


def without_blocks(body: str) -> str:
    """A class body without what is in its methods and inner classes."""
    kept, depth = [], 0
    for part in re.split(r"([{}])", body):
        if part == "{":
            kept.append("{" if depth == 0 else "")
            depth += 1
        elif part == "}":
            depth -= 1
        elif depth == 0:
            kept.append(part)
    return "".join(kept)


def parameters(text: str) -> list[str]:
    """The parameters of a method, of what stands between its parentheses; commas in type arguments part none."""
    plain = re.sub(r"<[^<>]*(?:<[^<>]*>[^<>]*)*>", "", text)
    return [part.strip() for part in plain.split(",")] if plain.strip() else []
