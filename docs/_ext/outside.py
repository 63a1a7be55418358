"""Links to files beside docs/: to their page where they have one, else to the text of the file in the site."""

from sphinx.application import Sphinx

# As written in a page of docs/, and the page that holds the same.
PAGES = {
    "../README.md": "index.md",
    "../CHANGELOG.md": "changes.md",
    "../SECURITY.md": "security.md",
    "../data/LICENSE.md": "licences.md",
}


def _link(app: Sphinx, name: str, source: list[str]) -> None:
    depth = "../" * name.count("/")
    for file, page in PAGES.items():
        source[0] = source[0].replace(f"]({depth}{file}", f"]({depth}{page}")


def setup(app: Sphinx) -> dict[str, bool]:
    """Read pages with these links replaced, so that the same text serves the repository and the site."""
    app.connect("source-read", _link)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
