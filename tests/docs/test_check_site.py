"""The check of a built site finds what it is there for."""

from __future__ import annotations

import pytest
from loaded_scripts import load_script


@pytest.fixture(scope="module")
def check_site():
    return load_script("docs/check_site.py")


@pytest.fixture
def site(tmp_path):
    """A home page with a style sheet, which loads a picture and a font of icons."""
    (tmp_path / "style.css").write_text(
        "body {background: url(dot.png)} i {src: url('fa-x-1.woff2')}"
    )
    (tmp_path / "dot.png").write_bytes(bytes(100))
    (tmp_path / "fa-x-1.woff2").write_bytes(bytes(2_000_000))
    (tmp_path / "index.html").write_text(
        '<link rel="stylesheet" href="style.css?v=1"><a href="https://example.org">A link</a>'
        '<img src="data:image/png;base64,AA=="><img src="dot.png">'
    )
    return tmp_path


def test_a_page_of_its_own_files_is_fine(check_site, site, capsys):
    assert check_site.check_pages(site) == []
    weight = sum((site / name).stat().st_size for name in ("index.html", "style.css", "dot.png"))
    assert f"1 pages; index.html weighs {weight} bytes" in capsys.readouterr().out


@pytest.mark.parametrize(
    "added",
    [
        '<script src="https://cdn.example.org/a.js"></script>',
        '<script src="//cdn.example.org/a.js"></script>',
        '<link href="https://fonts.example.org/a.css" rel="preload stylesheet">',
        '<img srcset="dot.png 1x, https://example.org/a.png 2x">',
        "<p style=\"background: url('https://example.org/a.png')\">",
        '<img src="missing.png">',
    ],
)
def test_a_page_that_loads_another_file_is_named(check_site, site, added):
    with (site / "index.html").open("a") as page:
        page.write(added)
    (fault,) = check_site.check_pages(site)
    assert fault.startswith("index.html loads ")


def test_a_style_sheet_that_loads_from_the_web_is_named(check_site, site):
    (site / "style.css").write_text('@import "https://fonts.example.org/a.css";')
    (fault,) = check_site.check_pages(site)
    assert "https://fonts.example.org/a.css" in fault


def test_a_heavy_page_is_named(check_site, site):
    (site / "dot.png").write_bytes(bytes(1_000_001))
    (fault,) = check_site.check_pages(site)
    assert "the limit is 1,000,000" in fault
    (site / "index.html").rename(site / "other.html")
    (site / "index.html").write_text("")
    assert check_site.check_pages(site) == []  # 2 MB for other pages
    (site / "other.html").write_text(
        '<i class="fa-x"></i>' + (site / "other.html").read_text()
    )  # shows an icon, so that its font is loaded
    (fault,) = check_site.check_pages(site)
    assert fault.startswith("other.html weighs 3,0")
