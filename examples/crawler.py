"""Two crawlers that together are gentle with one site: a fan-out with a rate limit and a bulkhead.

Each round fetches all pages that were found in the round before, many at once; a function sorts
out what is new. However many crawlers there are, no more than four requests are under way, and no
more than 30 start in any 200 ms: the limits belong to the site, by its name, over the whole lab.
A page that fails is asked again, one that is gone does not keep the others from being read.

    python examples/crawler.py
"""

from __future__ import annotations

from typing import Any

from local_shop import LocalShop

from traaviis_lab import Lab, Machine, State
from traaviis_lab import effects as fx

request = fx.call_api("GET", "{{ data.site }}{{ item }}", timeout="5s")
gently = fx.bulkhead(fx.rate_limit(request, "site", 30, per="200ms"), "site", 4)
fetch = fx.retry(gently, attempts=4, delay="10ms", on=[503])


class Crawler(Machine):
    """Reads a site round by round, until a round finds nothing new."""

    data = {"site": "", "todo": ["/page/0"], "seen": [], "gone": [], "pages": [], "rounds": 0}

    ready = State(initial=True)
    crawling = State(
        enter=fx.sequence(
            fx.for_each("data.todo", fetch, concurrency=0, settle=True, into="pages"),
            fx.call(
                "sort_out",
                {"todo": "{{ data.todo }}", "seen": "{{ data.seen }}", "pages": "{{ data.pages }}"},
                into="found",
            ),
            fx.merge_data({"todo": "{{ result.todo }}", "seen": "{{ result.seen }}"}),
            fx.update_data("gone", "data.gone + data.found.gone"),
            fx.update_data("rounds", "data.rounds + 1"),
        )
    )
    done = State(final=True)
    failed = State(final=True)

    ready.to(crawling, on="crawl")
    crawling.to(crawling, on="done.invoke.crawling", when="size(data.todo) > 0")
    crawling.to(done, on="done.invoke.crawling")
    crawling.to(failed, on="error.invoke.crawling")


def sort_out(todo: list[str], seen: list[str], pages: list[dict[str, Any]]) -> dict[str, Any]:
    """What is new in the pages of a round, in the order in which it was found."""
    read = [page["result"]["json"] for page in pages if page["status"] == "completed"]
    gone = [url for url, page in zip(todo, pages, strict=True) if page["status"] == "failed"]
    known = [*seen, *todo]
    links = dict.fromkeys(link for page in read for link in page["links"])
    return {"todo": [link for link in links if link not in known], "seen": known, "gone": gone}


def main() -> None:
    """Crawl with two at once."""
    with LocalShop(pages=60) as site, Lab() as lab:
        lab.allow_host(site.host)
        lab.register(sort_out)
        site.fail("/page/7", times=2)  # two requests fail, whoever's they are
        crawlers = [lab.start(Crawler, id=name, data={"site": site.url}) for name in ("ann", "bob")]
        for run in crawlers:
            run.send("crawl")
        for run in crawlers:
            run.wait()
            seen, gone = run.data["seen"], run.data["gone"]
            read, rounds = len(seen) - len(gone), run.data["rounds"]
            print(f"{run.id}: {run.state}, {read} pages in {rounds} rounds, gone: {gone}")
        print(f"at most {site.busiest} requests at once; {site.asked['/page/7']} for page 7")
        limits = lab.limits()
        print(limits[["kind", "name", "limit", "calls"]].to_string(index=False))
        waits = limits.set_index("kind").waits
        print(f"some had to wait for a place: {waits['bulkhead'] > 0}")
        ended = "select status, count(*) as requests from effects where effect = 'call_api'"
        print(lab.sql(f"{ended} group by status order by status").to_string(index=False))


if __name__ == "__main__":
    main()
