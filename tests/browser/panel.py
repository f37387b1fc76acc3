"""What the tests of the JupyterLab extension have in common."""

from __future__ import annotations

import os

from playwright.sync_api import Locator, Page, expect

HELLO = (
    "%%lambda hello --memory 256\ndef handler(event, context):\n    print('called')\n"
    "    return {'hello': event.get('name', 'world')}"
)
#: whether the notebook in front is another one than that of this title, and its kernel has started
OTHER_IS_LIVE = """before => {
    const it = window.jupyterapp.shell.currentWidget
    return it?.title.label !== before && it?.sessionContext?.session?.kernel?.status === 'idle'
}"""
#: texts of the panel whose contrast to what is behind them is below WCAG's 4.5
FAINT = """() => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 1, height: 1 });
    const drawn = canvas.getContext('2d', { willReadFrequently: true });
    const known = new Map();
    const channels = text => {
        if (!known.has(text)) {
            drawn.clearRect(0, 0, 1, 1); drawn.fillStyle = text; drawn.fillRect(0, 0, 1, 1);
            known.set(text, [...drawn.getImageData(0, 0, 1, 1).data]);
        }
        return known.get(text);
    };
    const luminance = ([r, g, b]) => {
        const [x, y, z] = [r, g, b].map(it => it / 255).map(it => it <= 0.03928 ? it / 12.92 : ((it + 0.055) / 1.055) ** 2.4);
        return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    const behind = node => {
        for (let it = node; it; it = it.parentElement) {
            const colour = channels(getComputedStyle(it).backgroundColor);
            if (colour[3] > 250) return colour;
        }
        return [255, 255, 255, 255];
    };
    const faint = [];
    for (const node of document.querySelectorAll('#jlambda-panel *, .jlm-badge, .jlm-status *')) {
        const text = [...node.childNodes].filter(it => it.nodeType === 3).map(it => it.data.trim()).join('');
        if (!text || node.disabled) continue;
        const [one, other] = [luminance(channels(getComputedStyle(node).color)), luminance(behind(node))];
        const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
        if (contrast < 4.5) faint.push(`${text}: ${contrast.toFixed(2)}`);
    }
    return faint;
}"""
#: what can be used and has no name
NAMELESS = """() => [...document.querySelectorAll('#jlambda-panel :is(button, input, select, textarea)')]
    .filter(it => !(it.getAttribute('aria-label') || it.textContent.trim() || it.labels?.length)).map(it => it.outerHTML)"""


def show(page: Page) -> Locator:
    """Bring the panel to the front."""
    page.evaluate("() => window.jupyterapp.commands.execute('jlambda:show')")
    return page.locator("#jlambda-panel")


def shot(page: Page, name: str) -> None:
    """A picture for people, where they ask for one."""
    if folder := os.environ.get("JLAMBDA_SCREENSHOTS"):
        page.screenshot(path=f"{folder}/{name}.png")


def dark(page: Page, is_dark: bool) -> None:
    """Change the theme."""
    name = "JupyterLab Dark" if is_dark else "JupyterLab Light"
    page.evaluate(f"() => window.jupyterapp.commands.execute('apputils:change-theme', {{ theme: '{name}' }})")
    page.wait_for_function(f"() => document.body.dataset.jpThemeLight === '{str(not is_dark).lower()}'")
    page.wait_for_selector("#jupyterlab-splash", state="detached")


def check_access(page: Page) -> None:
    """All that the panel shows now can be read in both themes, and what can be used has a name."""
    for is_dark in (True, False):
        dark(page, is_dark)
        assert page.evaluate(FAINT) == []
        assert page.evaluate(NAMELESS) == []


def tab_to(page: Page, names: list[str]) -> None:
    """Press Tab once for each of these, and see that it gets the focus."""
    for name in names:
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        expect(focused).to_have_accessible_name(name)
