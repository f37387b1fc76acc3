"""The colours and fonts of what jlambda shows: JupyterLab's `--jp-*` variables, so that dark themes work.

Where there are none (VS Code, an exported page), the fallback is one that can be read on a light and on a dark ground. All
styles are inline, for front ends that strip style elements.
"""

from __future__ import annotations

GOOD = "var(--jp-success-color1, #2da44e)"
BAD = "var(--jp-error-color1, #e5534b)"
WARN = "var(--jp-warn-color1, #d97706)"
BRAND = "var(--jp-brand-color1, #3b82c4)"
BORDER = "var(--jp-border-color2, rgba(128, 128, 128, 0.4))"
#: the ground of a bar, on which what is used up stands out
TRACK = "var(--jp-layout-color2, rgba(128, 128, 128, 0.2))"
MUTED = "var(--jp-ui-font-color2, inherit)"
FONT = (
    "font-family: var(--jp-ui-font-family, sans-serif); font-size: var(--jp-ui-font-size1, 13px); "
    "color: var(--jp-ui-font-color1, inherit)"
)
CODE = (
    "font-family: var(--jp-code-font-family, monospace); font-size: inherit; color: inherit; background: none; "
    "margin: 0; padding: 0; white-space: pre-wrap; word-break: normal; overflow-wrap: anywhere"
)

#: classes of text in which a page sets no mathematics: $ is money here (MathJax 3, and 2)
NO_MATH = "mathjax_ignore tex2jax_ignore"
