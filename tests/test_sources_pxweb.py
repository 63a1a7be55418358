"""The client against a server on loopback that answers as specified, or fails in one of the ways servers fail."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import numpy as np
import pytest
import truststore

from demosim.errors import DemosimError
from demosim.sources.http import Limits, Transport, Window
from demosim.sources.pxweb import LONGEST_ADDRESS, PxWeb, Selected
from demosim.sources.selection import cells, split
from stub_api import StubApi, StubTable
from stub_client import FakeClock, client, serving, small_country

QUERY = {
    "Region": Selected(("*",), "agg_KommSummer"), "Kjonn": Selected(("1", "2")), "Alder": Selected(("*",)),
    "ContentsCode": Selected(("Personer1",)), "Tid": Selected(("top(2)",)),
}  # fmt: skip


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[StubApi]:
    with serving(monkeypatch) as stub:
        stub.tables = small_country()
        yield stub


def message(api: StubApi, query: dict[str, Selected] | None = None, **limits: float) -> str:
    with pytest.raises(DemosimError) as raised:
        client(api, **limits).fetch("07459", query or QUERY)
    assert raised.value.exit_code == 1
    return str(raised.value)


def test_a_query_is_fetched_with_sums_of_the_codelist(api: StubApi) -> None:
    fetched = client(api).fetch("07459", QUERY)
    assert fetched.data.shape == (3, 2, 3, 1, 2)
    assert fetched.data["Tid"].values.tolist() == ["2025", "2026"]
    assert float(fetched.data.sel(Region="K-0110", Kjonn="1", Alder="000", Tid="2026").squeeze()) == 101 + 102 + 2 + 12
    assert (fetched.updated, fetched.source) == ("2026-02-24T07:00:00Z", "Statistics Stubland")
    assert fetched.licence == "https://creativecommons.org/licenses/by/4.0/"
    assert len(fetched.answers) == 1
    assert fetched.answers[0][0]["params"]["valueCodes[Tid]"] == "top(2)"


def test_a_dimension_may_be_left_out_where_the_table_allows_it(api: StubApi) -> None:
    query = {dim: QUERY[dim] for dim in ("Region", "ContentsCode", "Tid")}
    data = client(api).fetch("07459", query).data
    whole = client(api).fetch("07459", QUERY).data.sum(("Kjonn", "Alder"))
    np.testing.assert_array_equal(data.values, whole.values)


def test_short_queries_go_by_get_and_long_ones_by_post(api: StubApi) -> None:
    table = api.tables["07459"]
    table.codes["Region"] += [f"{code:04d}" for code in range(5000, 5400)]
    towns = tuple(table.codes["Region"][1:])
    query = {**QUERY, "Region": Selected(towns), "Tid": Selected(("2026",))}
    by_post = client(api).fetch("07459", query).data
    method, _, params, body = api.data_calls()[-1]
    assert method == "POST"
    assert params == {"lang": "no", "outputFormat": "json-stat2"}
    assert body["selection"][0] == {"variableCode": "Region", "valueCodes": list(towns)}
    by_get = client(api).fetch("07459", {**query, "Region": Selected(("????",))}).data
    assert api.data_calls()[-1][0] == "GET"
    np.testing.assert_array_equal(by_post.values, by_get.values)


def test_an_address_is_measured_as_it_is_sent(api: StubApi) -> None:
    table = api.tables["07459"]
    table.codes["Region"] += [f"{code:04d}" for code in range(4000, 4400)]
    longest = 0
    for count in range(180, 280, 10):
        towns = tuple(table.codes["Region"][5 : 5 + count])
        client(api).fetch("07459", {**QUERY, "Region": Selected(towns), "Tid": Selected(("2026",))})
        if api.data_calls()[-1][0] == "GET":
            longest = max(longest, api.lengths[-1])
    methods = [call[0] for call in api.data_calls()]
    assert methods == sorted(methods)  # GET first, then POST
    assert set(methods) == {"GET", "POST"}
    assert 1800 < longest <= LONGEST_ADDRESS


def test_a_range_is_bracketed_in_an_address(api: StubApi) -> None:
    data = client(api).fetch("07459", {**QUERY, "Tid": Selected(("range(2021,2023)", "2026"))}).data
    assert data["Tid"].values.tolist() == ["2021", "2022", "2023", "2026"]
    assert api.data_calls()[-1][2]["valueCodes[Tid]"] == "[range(2021,2023)],2026"


def test_too_many_cells_are_split_and_put_together_again(api: StubApi) -> None:
    whole = client(api).fetch("07459", {**QUERY, "Tid": Selected(("*",))})
    api.config["maxDataCells"] = 40  # 18 cells a year: two years at a time
    split = client(api).fetch("07459", {**QUERY, "Tid": Selected(("*",))})
    assert len(split.answers) == 4
    api.config["maxDataCells"] = 7  # and now within a year
    finer = client(api).fetch("07459", {**QUERY, "Tid": Selected(("*",))})
    assert len(finer.answers) > 14
    for other in (split, finer):
        np.testing.assert_array_equal(other.data.values, whole.data.values)
        assert other.data["Region_label"].values.tolist() == whole.data["Region_label"].values.tolist()


def test_one_cell_above_the_limit_is_two_calls(api: StubApi) -> None:
    codes = {"Region": [f"r{number}" for number in range(88_889)], "Kind": list("123456789"), "ContentsCode": ["n"]}
    api.tables["1"] = StubTable({**codes, "Tid": ["2026"]}, lambda cell: 1.0)
    query = {"Region": Selected(("*",)), "Kind": Selected(("*",)), "ContentsCode": Selected(("n",))}
    asking = client(api, read=30.0)
    codes = asking.resolve("1", {**query, "Tid": Selected(("2026",))}, asking.metadata("1"))
    assert cells(codes) == 800_001
    assert [cells(part) for part in split(codes, "Tid", asking.config().most_cells)] == [799_992, 9]


def test_a_server_that_finds_the_cells_too_many_is_heard(api: StubApi) -> None:
    careless = client(api)
    careless.config()
    api.config["maxDataCells"] = 5
    with pytest.raises(DemosimError, match=r"403: refused \(Too many cells selected\)"):
        careless.fetch("07459", QUERY)


@pytest.mark.parametrize("spelling", ["codelist", "codeList"])
def test_both_spellings_of_the_codelist_key(api: StubApi, spelling: str) -> None:
    api.known_spelling = spelling
    assert client(api).fetch("07459", QUERY).data["Region"].values.tolist() == ["K-0110", "K-0201", "K-0301"]


def test_a_spelling_that_is_passed_over_is_tried_the_other_way(api: StubApi) -> None:
    stubborn = client(api)
    metadata = stubborn.metadata("07459")
    api.known_spelling = "codeList"
    codes = stubborn.resolve("07459", QUERY, metadata)
    data = stubborn._part("07459", QUERY, codes, metadata)[1]
    assert data["Region"].values.tolist() == ["K-0110", "K-0201", "K-0301"]
    assert len(api.data_calls()) == 2


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"Regoin": QUERY["Region"]}, 'has no dimension "Regoin"; Region, Kjonn'),
        ({"Region": Selected(("*",), "agg_KommSumer")}, 'did you mean "agg_KommSummer"?'),
        ({"Tid": Selected(("2031",))}, 'has no code "2031"'),
        ({"Alder": Selected(("*",), "vs_AlleAldre00C")}, 'offers no codelist "vs_AlleAldre00C"'),
    ],
)
def test_a_query_that_does_not_fit_the_table_is_refused_before_it_is_sent(
    api: StubApi, change: dict[str, Selected], says: str
) -> None:
    with pytest.raises(DemosimError) as raised:
        client(api).fetch("07459", {**QUERY, **change})
    assert says in str(raised.value)
    assert not api.data_calls()


def test_contents_and_time_are_always_given(api: StubApi) -> None:
    api.tables["07459"].optional += ("ContentsCode", "Tid")
    said = message(api, {"Region": Selected(("0",))})
    assert "ContentsCode: is not in the query" in said
    assert "Tid: is not in the query" in said


@pytest.mark.parametrize("trouble", ["500", "503", "cut", "truncated", "cut-chunks", "broken-gzip", "wait 2"])
def test_what_passes_is_tried_again(api: StubApi, trouble: str) -> None:
    api.trouble = [trouble]
    clock = FakeClock()
    assert client(api, clock).fetch("07459", QUERY).data.size == 36
    assert len(api.data_calls()) == 2
    assert clock.slept == [2.0 if trouble == "wait 2" else 0.5]


def test_a_stall_is_ended_and_tried_again(api: StubApi) -> None:
    api.trouble = ["stall"]
    assert client(api, read=1.0).fetch("07459", QUERY).data.size == 36


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        ("500", "500: the server failed (Made to fail); tried 3 times"),
        ("cut", "cannot be reached, or stopped answering"),
        ("truncated", "is not JSON, or was cut off"),
        ("broken-gzip", "tried 3 times"),
        ("stall", "tried 3 times"),
    ],
)
def test_what_does_not_pass_ends_in_words_after_three_tries(api: StubApi, trouble: str, says: str) -> None:
    api.trouble = [trouble] * 3
    said = message(api, read=0.2)
    assert says in said
    assert "/tables/07459/data" in said
    assert len(api.data_calls()) == 3


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        ("400", "400: the request is not understood (Made to fail)"),
        ("403", "403: refused (Made to fail)"),
        ("404", "404: not found (Made to fail)"),
        ("401", "401: needs a login"),
        ("html", "web page where data were expected: perhaps the login page"),
        ("edit types", "values that are no numbers (str)"),
        ("edit true", "values that are no numbers (bool)"),
        ("edit short", "should have 36 values and has 35"),
        ("edit list", "is a JSON list, not an object"),
        ("edit updated", ""),
    ],
)
def test_what_will_not_pass_is_not_tried_again(api: StubApi, trouble: str, says: str) -> None:
    api.trouble = [trouble]
    if trouble == "edit updated":
        assert client(api).fetch("07459", QUERY).updated == "2026-02-25T07:00:00Z"
    elif trouble == "edit list":
        assert says in message(api, attempts=1)
    else:
        assert says in message(api)
        assert len(api.data_calls()) == 1


def test_codes_that_were_not_asked_for_are_refused(api: StubApi) -> None:
    api.trouble = ["edit other-code"] * 2
    assert "Region without K-0110; Region with K-9999" in message(api)


def test_a_changed_codelist_between_two_answers_is_refused(api: StubApi) -> None:
    fetching = client(api)
    metadata = fetching.metadata("07459")
    codes = fetching.resolve("07459", QUERY, metadata)
    api.tables["07459"].codelists["Region"]["agg_KommSummer"].pop("K-0301")
    with pytest.raises(DemosimError, match="Region without K-0301"):
        fetching._part("07459", QUERY, codes, metadata)


def test_a_table_that_is_updated_between_two_parts_is_fetched_anew(api: StubApi) -> None:
    api.config["maxDataCells"] = 18
    api.trouble = ["edit updated"]
    assert "was updated while it was fetched; fetch again" in message(api)


def test_a_gzip_answer_or_chunked_answer_is_read_and_a_bomb_is_not(api: StubApi) -> None:
    for way in ("gzip", "chunked"):
        api.trouble = [way]
        assert client(api).fetch("07459", QUERY).data.size == 36
        assert not api.trouble
    api.trouble = ["bomb"]
    assert "is larger than 1000000 bytes unpacked" in message(api, most_bytes=1_000_000)


def test_an_answer_that_never_ends_is_ended(api: StubApi) -> None:
    api.trouble = ["drip"] * 3

    class Hurried(FakeClock):
        def time(self) -> float:
            self.now += 0.4
            return self.now

    assert "was not finished in 5 s" in message_with(api, Hurried(), total=5.0)


def message_with(api: StubApi, clock: FakeClock, **limits: float) -> str:
    with pytest.raises(DemosimError) as raised:
        client(api, clock, **limits).fetch("07459", QUERY)
    return str(raised.value)


def test_a_request_that_goes_in_circles_is_ended(api: StubApi) -> None:
    api.trouble = ["circle"] * 9
    assert "in circles" in message(api)


def test_a_long_wait_is_not_waited_for(api: StubApi) -> None:
    api.trouble = ["wait 3600"]
    clock = FakeClock()
    assert "429: too many calls (Too Many Requests); asked to wait 3600 s; try again later" in message_with(api, clock)
    assert clock.slept == []


@pytest.mark.parametrize(("header", "wait"), [("7", 7), ("soon", 0.5)])
def test_retry_after_in_seconds_or_not_at_all(api: StubApi, header: str, wait: float) -> None:
    api.trouble = [f"wait {header}"]
    clock = FakeClock()
    client(api, clock).fetch("07459", QUERY)
    assert clock.slept == [wait]


def test_retry_after_as_a_date(api: StubApi) -> None:
    api.trouble = [f"wait {format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)}"]
    clock = FakeClock()
    client(api, clock).fetch("07459", QUERY)
    assert 20 < clock.slept[0] <= 30


def test_the_rule_of_calls_is_kept_from_our_side(api: StubApi) -> None:
    api.config |= {"maxCallsPerTimeWindow": 4, "timeWindow": 10}
    clock = FakeClock()
    fetching = client(api, clock)
    for _ in range(4):
        fetching.metadata("07459")
    assert clock.now == 0
    fetching.config()
    fetching.metadata("07459")
    assert clock.now > 9


def test_no_calls_in_the_config_means_the_default_until_a_header_tells(api: StubApi) -> None:
    api.config |= {"maxCallsPerTimeWindow": 0, "timeWindow": 0}
    fetching = client(api)
    fetching.config()
    assert (fetching.transport.window.calls, fetching.transport.window.seconds) == (30, 60)
    api.headers["x-ratelimit-policy"] = "40;w=30s"
    fetching.metadata("07459")
    assert (fetching.transport.window.calls, fetching.transport.window.seconds) == (40, 30)


def test_a_window_lets_through_what_is_allowed() -> None:
    clock = FakeClock()
    window = Window(3, 10, clock.time, clock.sleep)
    times = []
    for _ in range(8):
        window.wait()
        times.append(clock.now)
    assert times == [0, 0, 0, 10, 10, 10, 20, 20]


@pytest.mark.parametrize(
    "wrong", [{"maxDataCells": "many"}, {"maxDataCells": 0}, {"timeWindow": -1}, {"maxDataCells": None}]
)
def test_a_config_without_limits_is_refused(api: StubApi, wrong: dict[str, object]) -> None:
    api.config |= wrong
    with pytest.raises(DemosimError, match="does not give its limits"):
        client(api).config()


def test_an_unknown_table_and_an_unknown_codelist(api: StubApi) -> None:
    with pytest.raises(DemosimError, match="404: not found"):
        client(api).metadata("99999")
    with pytest.raises(DemosimError, match="404: not found"):
        client(api).codelist("agg_Nowhere")


def test_nobody_listens(api: StubApi) -> None:
    away = PxWeb(client(api, connect=0.3).transport, "http://127.0.0.1:9/api/pxwebapi/v2")
    with pytest.raises(DemosimError, match=r"cannot be reached, or stopped answering .*tried 3 times"):
        away.config()


def test_a_proxy_of_the_environment_is_used(api: StubApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", api.root)
    monkeypatch.setenv("no_proxy", "")
    through = PxWeb(client(api).transport, "http://statistics.invalid/api/pxwebapi/v2")
    assert through.config().most_cells == 800_000


def test_a_proxy_that_is_away_is_named(api: StubApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    through = PxWeb(client(api).transport, "http://statistics.invalid/api/pxwebapi/v2")
    with pytest.raises(DemosimError, match="cannot be reached through the proxy"):
        through.config()


def test_the_certificates_are_those_of_the_operating_system(api: StubApi) -> None:
    with Transport() as transport:
        adapter = transport.session.get_adapter("https://data.ssb.no/")
        assert isinstance(adapter.poolmanager.connection_pool_kw["ssl_context"], truststore.SSLContext)  # type: ignore[attr-defined]  # of requests' own adapter
        by_proxy = adapter.proxy_manager_for("http://127.0.0.1:9")  # type: ignore[attr-defined]  # of requests' own adapter
        assert isinstance(by_proxy.connection_pool_kw["ssl_context"], truststore.SSLContext)
    insecure = PxWeb(client(api).transport, api.base.replace("http:", "https:"))
    with pytest.raises(DemosimError, match="no secure connection"):
        insecure.config()


def test_the_limits_are_those_promised() -> None:
    assert (Limits().connect, Limits().read) == (10.0, 120.0)
    assert (Window().calls, Window().seconds) == (30, 60.0)
