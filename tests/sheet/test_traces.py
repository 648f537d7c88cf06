from __future__ import annotations

import numpy as np
import pytest
from drawn_sheets import RATE, SMALL, beats, draw_sheet, snr
from PIL import Image, ImageDraw, ImageFilter

from skecg.sheet import LeadLayout, read_image, read_traces
from skecg.sheet._ink import find_runs
from skecg.sheet._strands import link_runs
from skecg.sheet._trace_path import Place, trace_edges

MM = SMALL.pixels_per_mm
# Everything that is printed beside the traces stands in the place of the grid.
BOX = SMALL.grid_box
LEADS = [beats(2.5, height=h) for h in (0.8, 1.2, -0.7, 0.3)] + [beats(5, height=1.2)]


def read(sheet, layout=SMALL, *, pixels_per_mm=MM, rate=RATE):
    left, upper, right, lower = layout.grid_box
    return read_traces(
        sheet[upper:lower, left:right], layout, layout.grid_box, pixels_per_mm, sampling_rate=rate
    )


@pytest.fixture(scope="module")
def sheet():
    return draw_sheet(LEADS)


def test_every_lead_is_read_in_its_place_and_in_mV(sheet):
    traces, quality = read(sheet)
    assert [len(trace) for trace in traces] == [500, 500, 500, 500, 1000]
    for trace, truth in zip(traces, LEADS):
        assert trace.dtype == np.float32
        assert snr(trace, truth) > 26
        assert abs(np.median(trace - truth)) < 0.01
    assert quality.shape == (5, 3)
    assert (quality[:, 0] > 0.99).all()
    assert (quality[:, 1] == 0).all()


@pytest.mark.parametrize("width", [0.01, 0.015, 0.03])
def test_steep_flanks_keep_their_height(width):
    truth = beats(2.5, height=1.5, width=width)
    traces, _ = read(draw_sheet([truth] * 4 + [beats(5)]))
    for trace in traces[:4]:
        # 0.04 mV are 3 pixels.
        assert abs(trace.max() - truth.max()) < 0.04
        assert np.abs(trace - truth).max() < 0.2


def test_peaks_keep_their_height_where_the_trace_trembles():
    """The pen is no wider because a lead of much noise is nowhere flat."""
    rng = np.random.default_rng(0)
    truth = [t + 0.03 * rng.standard_normal(len(t)) for t in [beats(2.5, height=1.5)] * 4]
    traces, _ = read(draw_sheet([*truth, beats(5) + 0.03 * rng.standard_normal(5 * RATE)]))
    lost = [b[np.argmax(b)] - a[np.argmax(b)] for a, b in zip(traces, truth)]
    assert np.mean(lost) < 0.1


def test_parts_of_one_flank_may_share_columns():
    """A blurred flank is pale in its middle: dark above and below it in the same columns."""
    grey = np.full((120, 100), 255, np.uint8)
    grey[89:92, :51] = grey[89:92, 53:] = 0
    grey[10:70, 49:52] = 0
    grey[10:92, 52] = 0
    runs = find_runs(grey, 8.0)
    strands = link_runs(runs, len(grey))
    upper, lower = trace_edges(runs, strands, Place(0, 100, 90.0, 200.0), 8.0)
    assert np.isfinite(upper).all()
    assert np.allclose(upper[49:53], 10, atol=0.6)
    assert np.allclose(lower[49:51], 92, atol=0.6)
    assert np.allclose(upper[[0, 48, 53, 99]], 89, atol=0.6)


def test_the_sampling_rate_is_that_of_the_result(sheet):
    slow, fast = (read(sheet, rate=rate)[0] for rate in (100, 400))
    assert [len(trace) for trace in slow] == [250, 250, 250, 250, 500]
    np.testing.assert_allclose(fast[0][::4], slow[0], atol=1e-6)


def test_gaps_are_bridged_and_counted(sheet):
    holed = sheet.copy()
    x, y, _ = SMALL.traces[0]
    for second in (0.1, 1.0, 1.95):  # where there is no QRS complex
        left = round(x + second * 25 * MM)
        holed[: round(y + 10 * MM), left : left + 6] = 255
    traces, quality = read(holed)
    assert quality[0, 1] == 3
    assert quality[0, 0] == pytest.approx(1 - 18 / 500, abs=0.005)
    assert snr(traces[0], LEADS[0]) > 25
    assert (quality[1:, 1] == 0).all()


def test_traces_of_neighbouring_rows_may_cross():
    # Rows are 38 mm apart: these complexes reach 26 mm into the next row.
    deep, tall = beats(2.5, height=-2.6), beats(2.5, height=2.6, first=0.55)
    together = draw_sheet([deep, tall, deep, tall, beats(5)])
    for trace, truth in zip(read(together)[0], [deep, tall, deep, tall]):
        assert snr(trace, truth) > 15


def test_letters_rules_and_calibration_pulses_are_no_signal(sheet):
    page = Image.fromarray(sheet)
    draw = ImageDraw.Draw(page)
    plain = read(sheet)[0]
    for x, y, _ in SMALL.traces:
        draw.text((x + 2, y - 3.6 * MM), "aVR", fill=0, font_size=2.6 * MM)
        if x > SMALL.traces[0][0]:
            continue
        foot = [(x - 7 * MM, y), (x - 5 * MM, y), (x - 5 * MM, y - 10 * MM)]
        draw.line([*foot, (x - 2 * MM, y - 10 * MM), (x - 2 * MM, y), (x - MM, y)], 0, width=3)
    border = SMALL.traces[2][0]
    draw.line((border, 15 * MM, border, 85 * MM), fill=0, width=3)
    for trace, same in zip(read(np.asarray(page))[0], plain):
        assert np.abs(trace - same).max() < 0.05


def test_complexes_of_all_rows_at_the_start_of_a_lead_are_no_rule():
    tall = beats(2.5, height=1.8, width=0.012, first=0.01)
    traces, _ = read(draw_sheet([tall, tall, tall, tall, beats(5, height=1.8, first=0.01)]))
    for trace in traces[:4]:
        assert trace[:8].max() > 1.6


@pytest.mark.parametrize("damage", ["dots", "shadow", "blur", "coarse", "grey lines"])
def test_what_scanners_do(sheet, damage):
    damaged = sheet.copy()
    if damage == "dots":
        damaged[:: round(MM), :: round(MM)] = np.minimum(
            damaged[:: round(MM), :: round(MM)], [150, 90, 95]
        )
    elif damage == "grey lines":
        damaged[:: round(MM)] = np.minimum(damaged[:: round(MM)], 150)
        damaged[:, :: round(MM)] = np.minimum(damaged[:, :: round(MM)], 150)
    elif damage == "shadow":
        light = np.linspace(1, 0.45, sheet.shape[1])
        damaged = (damaged * light[:, None]).astype(np.uint8)
    elif damage == "blur":
        damaged = np.asarray(Image.fromarray(damaged).filter(ImageFilter.GaussianBlur(1.0)))
    else:
        page = Image.fromarray(damaged)
        damaged = np.asarray(page.reduce(2).resize(page.size, Image.Resampling.BICUBIC))
    for trace, truth in zip(read(damaged)[0], LEADS):
        assert snr(trace, truth) > 18


def test_leads_without_a_trace_are_nan():
    drawn = draw_sheet(LEADS)
    x, y, _ = SMALL.traces[3]
    drawn[round(y - 13 * MM) : round(y + 13 * MM), round(x + 25 * MM) :] = 255
    traces, quality = read(drawn)
    assert np.isnan(traces[3]).all()
    assert quality[3, 0] < 0.5
    assert not any(np.isnan(trace).any() for trace in traces[:3])
    blank = np.full_like(drawn, 255)
    assert all(np.isnan(trace).all() for trace in read(blank)[0])
    assert all(np.isnan(trace).all() for trace in read(np.zeros_like(drawn))[0])


def test_a_block_of_ink_is_no_trace_nor_is_the_trace_of_another_row():
    drawn = draw_sheet(LEADS)
    x, y, _ = SMALL.traces[0]
    drawn[round(y - 15 * MM) : round(y + 15 * MM), : round(x + 65 * MM)] = 255
    assert np.isnan(read(drawn)[0][0]).all()
    drawn[round(y - 2 * MM) : round(y + 2 * MM), : round(x + 65 * MM)] = 0
    assert np.isnan(read(drawn)[0][0]).all()


def test_pictures_of_noise_take_no_longer_than_a_few_seconds():
    noise = np.random.default_rng(0).integers(0, 256, (680, 1120, 3), dtype=np.uint8)
    traces, _ = read_traces(noise, SMALL, BOX, MM)
    assert len(traces) == 5


def test_layouts_without_traces_are_refused(sheet):
    with pytest.raises(ValueError, match="says nothing about traces"):
        read_traces(sheet, "published-a", (0, 0, 100, 100), 8.0)


def test_published_sheets_obey_einthoven(data_home):
    paths = sorted((data_home / "sheets_original").glob("*/*.jpg"))[::8]
    box = (67, 283, 2178, 1520)
    for path in paths:
        pixels = read_image(path)[box[1] : box[3], box[0] : box[2]]
        (one, two, three, right, left, foot, *_), quality = read_traces(
            pixels, "edan-3x4", box, 200 / 25.4
        )
        for residual in (two - one - three, right + left + foot):
            assert np.sqrt(np.var(residual)) < 0.03
        assert quality[:, 0].min() > 0.95


def test_drawn_sheets_obey_einthoven():
    table = LeadLayout.from_table(
        (("I",), ("II",), ("III",)), sheet=(90, 100), grid=(5, 10, 85, 95), seconds=2.5
    )
    one, two = beats(2.5, height=0.5), beats(2.5, height=1.1)
    traces, _ = read(draw_sheet([one, two, two - one], table), table)
    assert np.sqrt(np.var(traces[1] - traces[0] - traces[2])) < 0.03
