"""The directive `generated`: a part of a page that is written from the code each time the site is built."""

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import reference
import validation

MAKERS = {**reference.MAKERS, **validation.MAKERS}


class Generated(SphinxDirective):
    """`{generated} NAME` stands for the Markdown that the maker of that name returns."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        if self.arguments[0] not in MAKERS:
            raise self.error(f"nothing is generated under the name {self.arguments[0]}; {', '.join(MAKERS)}")
        self.env.note_reread()
        return self.parse_text_to_nodes(MAKERS[self.arguments[0]](), allow_section_headings=True)


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directive; a page that uses it is read anew in every build."""
    app.add_directive("generated", Generated)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
