from __future__ import annotations

import numpy as np
import pytest
from drawn_sheets import RATE, SMALL, beats, draw_sheet, snr
from PIL import Image

from skecg.datasets import load_ptbxl, make_sheets
from skecg.preprocessing import TraceReader
from skecg.sheet import LeadLayout

HEIGHTS = (0.8, 1.2, -0.7, 0.3)
LEADS = [beats(2.5, height=h, width=0.025) for h in HEIGHTS] + [beats(5, height=1.2)]
READER = TraceReader(SMALL, sampling_rate=RATE, align=None)


@pytest.fixture(scope="module")
def sheet():
    return draw_sheet(LEADS)


def with_params(**params):
    return TraceReader(**{**READER.get_params(), **params})


def test_a_strip_is_divided_into_pieces_as_long_as_the_leads_above(sheet):
    traces = READER.transform([sheet])
    assert traces.dtype == np.float32
    assert traces.shape == (1, 6, 500)
    names = ["I", "II", "V1", "V2", "rhythm_1", "rhythm_2"]
    assert READER.get_feature_names_out().tolist() == names
    for trace, truth in zip(traces[0], [*LEADS[:4], LEADS[4][:500], LEADS[4][500:]]):
        assert snr(trace, truth) > 24


def test_without_the_strips(sheet):
    reader = with_params(rhythm=False)
    np.testing.assert_array_equal(reader.transform([sheet]), READER.transform([sheet])[:, :4])
    assert reader.get_feature_names_out().tolist() == ["I", "II", "V1", "V2"]


def test_ten_seconds_have_every_lead_at_its_own_time(sheet):
    reader = with_params(output="10s")
    whole, parts = reader.transform([sheet])[0], READER.transform([sheet])[0]
    assert whole.shape == (5, 1000)  # as long as this sheet
    assert reader.get_feature_names_out().tolist() == ["I", "II", "V1", "V2", "rhythm"]
    np.testing.assert_array_equal(whole[:2, :500], parts[:2])
    np.testing.assert_array_equal(whole[2:4, 500:], parts[2:4])
    np.testing.assert_array_equal(whole[4], parts[4:].ravel())
    assert np.isnan(whole[:2, 500:]).all()
    assert np.isnan(whole[2:4, :500]).all()


def test_the_default_layout_has_thirteen_rows_of_ten_seconds():
    reader = TraceReader(output="10s")
    assert reader.get_feature_names_out()[-1] == "rhythm"
    sheets = make_sheets(1, random_state=0).data
    traces = reader.transform(sheets)[0]
    assert traces.shape == (13, 1000)
    starts = [int(np.flatnonzero(~np.isnan(trace))[0]) for trace in traces]
    assert starts == [0] * 3 + [250] * 3 + [500] * 3 + [750] * 3 + [0]
    assert (~np.isnan(traces)).sum(1).tolist() == [250] * 12 + [1000]


def test_quality_tells_how_well_each_lead_was_read(sheet):
    holed = sheet.copy()
    x, y, _ = SMALL.traces[1]
    left = round(x + 25 * SMALL.pixels_per_mm)
    holed[round(y) - 40 : round(y) + 40, left : left + 50] = 255
    read = READER.read([sheet, holed])
    assert set(read.quality) == {"share", "n_gaps", "noise"}
    assert all(values.shape == (2, 6) for values in read.quality.values())
    assert read.quality.n_gaps[:, 1].tolist() == [0, 1]
    assert read.quality.share[1, 1] == pytest.approx(0.9, abs=0.01)
    assert read.quality.noise.max() < 0.01
    assert read.lead_names.tolist() == READER.get_feature_names_out().tolist()
    assert read.errors == {}
    np.testing.assert_array_equal(read.traces, READER.transform([sheet, holed]))


def test_tall_complexes_are_read_over_the_frame_of_the_grid():
    tall = beats(2.5, height=2.7, width=0.025)  # 27 mm, 20 of them below the frame
    layout = LeadLayout.from_table(
        (("I",), ("II",)), sheet=(90, 100), grid=(5, 30, 85, 90), baselines=(50, 80)
    )
    reader = TraceReader(layout, sampling_rate=RATE, align=None)
    traces = reader.transform([draw_sheet([tall, LEADS[0]], layout)])[0]
    assert traces[0].max() == pytest.approx(2.7, abs=0.05)
    assert snr(traces[0], tall) > 24


def test_sheets_of_other_resolutions(sheet):
    page = Image.fromarray(sheet)
    for scale in (0.6, 1.5, 2.5):
        size = (round(page.width * scale), round(page.height * scale))
        traces = READER.transform([page.resize(size, Image.Resampling.BICUBIC)])[0]
        for trace, truth in zip(traces, LEADS[:4]):
            assert snr(trace, truth) > 17


def test_sheets_without_a_grid_are_read_as_those_with_one_with_one_warning():
    reader = TraceReader(rhythm=False)
    with_grid = reader.transform(make_sheets(2, random_state=0).data)
    sheets = make_sheets(2, damage="no-grid", random_state=0)
    message = "2 of 2 pictures in X are without a grid, the first of them sample 0"
    with pytest.warns(UserWarning, match=message) as caught:
        traces = reader.transform(sheets.data)
    assert len(caught) == 1
    for trace, truth in zip(traces.reshape(-1, 250), with_grid.reshape(-1, 250)):
        assert snr(trace, truth) > 25


def test_records_of_people_on_sheets_without_a_grid(data_home):
    records = load_ptbxl(data_home, task="superclass-multilabel", sampling_rate=100).data[[3]]
    sheets = make_sheets(signals=records, sampling_rate=100, damage="no-grid", random_state=0)
    with pytest.warns(UserWarning, match="without a grid"):
        traces = TraceReader(rhythm=False).transform(sheets.data)[0]
    first = np.rint(sheets.lead_starts * 100).astype(int)
    for trace, own, at in zip(traces, sheets.signals[0], first):
        assert snr(trace, own[at : at + 250]) > 15  # no lead is another; 27 dB in the median


@pytest.mark.parametrize("kind", ["white", "black", "no traces", "too small", "other ratio"])
def test_sheets_that_cannot_be_read_are_one_error_or_rows_of_nan(sheet, kind):
    broken = np.full_like(sheet, 255 if kind in ("white", "no traces") else 0)
    if kind == "no traces":
        broken[100:140, 100:500] = 0
    if kind == "too small":
        broken = sheet[::4, ::4]
    if kind == "other ratio":
        broken = sheet[:-200]
    message = {
        "white": "nearly white",
        "black": "nearly black",
        "no traces": r"no trace was found of 5 of 5 leads \(I, II, V1, V2, rhythm\)",
        "too small": "too small to read traces from. Scan the sheet at 100 dpi",
        "other ratio": "another ratio of width to height",
    }[kind]
    with pytest.raises(ValueError, match=f"Sample 1 of X: .*{message}"):
        READER.transform([sheet, broken])
    with pytest.warns(UserWarning, match="1 of 3 sheets in X could not be read.* sample 1"):
        read = with_params(on_error="nan").read([sheet, broken, sheet])
    assert np.isnan(read.traces[1]).all()
    assert np.isnan(read.quality.share[1]).all()
    assert list(read.errors) == [1]
    np.testing.assert_array_equal(read.traces[[0, 2]], READER.transform([sheet, sheet]))


def test_one_lead_without_a_trace(sheet):
    broken = sheet.copy()
    x, y, _ = SMALL.traces[3]
    broken[round(y) - 120 : round(y) + 120, round(x) + 150 :] = 255
    with pytest.raises(ValueError, match=r"no trace was found of 1 of 5 leads \(V2\)"):
        READER.transform([broken])
    with pytest.warns(UserWarning, match="1 leads of 1 sheets in X have no trace"):
        traces = with_params(on_error="nan").transform([sheet, broken])
    assert np.isnan(traces).any(2).tolist() == [[False] * 6, [False] * 3 + [True] + [False] * 2]


def test_a_missing_file_is_an_error_in_any_case():
    with pytest.raises(FileNotFoundError):
        with_params(on_error="nan").transform(["absent.png"])


def test_results_are_kept_by_content(sheet, tmp_path, monkeypatch):
    path = tmp_path / "sheet.png"
    Image.fromarray(sheet).save(path)
    reader = with_params(memory=tmp_path / "cache")
    first = reader.read([path])
    monkeypatch.setattr("skecg.preprocessing._trace_reader.read_traces", None)
    again = reader.read([path])
    np.testing.assert_array_equal(again.traces, first.traces)
    np.testing.assert_array_equal(again.quality.noise, first.quality.noise)


def test_errors_are_not_kept(sheet, tmp_path):
    path = tmp_path / "sheet.png"
    Image.fromarray(np.full_like(sheet, 255)).save(path)
    reader = with_params(memory=tmp_path / "cache", on_error="nan")
    for _ in range(2):
        with pytest.warns(UserWarning, match="could not be read"):
            assert np.isnan(reader.transform([path])).all()


def test_layouts_without_traces_are_refused(sheet):
    layout = LeadLayout(("I",), ((0, 0, 9, 9),), (20, 20))
    for name in ("published-a", layout):
        with pytest.raises(ValueError, match="does not say where the traces are"):
            TraceReader(name).fit([sheet])


def test_published_sheets_are_read_whole(data_home):
    paths = sorted((data_home / "sheets_original").glob("*/*.jpg"))[::8]
    read = TraceReader(n_jobs=2).read(paths)
    assert read.traces.shape == (3, 16, 250)
    assert np.isfinite(read.traces).all()
    assert read.quality.share.min() > 0.95
    one, two, three = read.traces[:, :3].transpose(1, 0, 2)
    assert np.std(two - one - three, axis=1).max() < 0.03


def test_sheets_of_another_layout_that_can_be_read_break_the_law_of_the_limb_leads():
    sheet = make_sheets(1, layout="12x1", random_state=3).data
    with pytest.warns(UserWarning, match=r"II is far from I \+ III on 1 of 1 sheets"):
        TraceReader(rhythm=False).fit_transform(sheet)
