#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws the picture in the page's README: the page itself, with an emulated board that is ready.

    python3 tests/web/picture.py --write
"""

from __future__ import annotations

import os
import re
import sys
import unittest

from run import board_image

SIZE = (1200, 870)
LINES = 25  # the last ones

# The page as XML, without what is hidden and without its scripts.
SERIALIZE = f"""(() => {{
    const page = document.querySelector('.page').cloneNode(true);
    document.body.append(page);
    for (const e of page.querySelectorAll('*')) if (!e.checkVisibility()) e.classList.add('gone');
    page.querySelectorAll('.gone').forEach((e) => e.remove());
    const lines = page.querySelector('#lines');
    while (lines.lastChild.className !== 'sent') lines.lastChild.remove();
    lines.lastChild.remove(); // the answer to status says little
    while (lines.childElementCount > {LINES}) lines.firstChild.remove();
    const text = new XMLSerializer().serializeToString(page);
    page.remove();
    return text;
}})()"""


def svg(page: str, style: str) -> str:
    """A picture that holds the page; its text stays text."""
    width, height = SIZE
    more = "html, body { margin: 0 } #lines { height: 34rem; overflow: hidden } :focus { outline: 0 }"
    text = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}">\n<style>{style}{more}</style>\n'
            f'<foreignObject width="{width}" height="{height}">\n'
            f'<body xmlns="http://www.w3.org/1999/xhtml">{page}</body>\n</foreignObject>\n</svg>\n')
    text = re.sub(r"[ \t]+\n", "\n", text.replace("&nbsp;", " "))
    return text.encode("ascii", "xmlcharrefreplace").decode()


def main() -> int:
    os.environ.update(board_image())
    import test_board
    import serve  # a module of the path that test_board has extended

    class Drawn(test_board.Board):
        def test_from_nothing_to_ready(self) -> None:
            super().test_from_nothing_to_ready()
            style = re.search(r"<style>(.*?)</style>", serve.PAGE.read_text(), re.DOTALL)[1]
            picture = svg(self.tool.page.run(SERIALIZE), style.replace("<", "&lt;"))
            serve.PAGE.with_name("page.svg").write_text(picture)

    if sys.argv[1:] != ["--write"]:
        sys.exit(__doc__)
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(Drawn)
    return 0 if unittest.TextTestRunner().run(suite).wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
