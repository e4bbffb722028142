"""The demo at its bounds, and with somebody at the other end of the channel who does not keep to the form; in a real browser."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.browser import Tab, browse
from tests.integration.server import Server
from tests.parts import require_part

# A channel that notes what is sent into it. Its buffer is emptied by hand.
BEGIN = """(async () => {
  const [{ Talk }, { Log }, { Downloads }, { Picture, ME, SERVER }] = await Promise.all(
    ["talk", "log", "downloads", "picture"].map((name) => import(`/demo/${name}.js`)),
  );
  class Channel extends EventTarget {
    readyState = "open";
    bufferedAmount = 0;
    sent = [];
    send(data) {
      this.sent.push(data);
      this.bufferedAmount += data.byteLength ?? data.length;
    }
    drain() {
      this.bufferedAmount = 0;
      this.dispatchEvent(new Event("bufferedamountlow"));
    }
    say(message) {
      this.dispatchEvent(new MessageEvent("message", { data: message instanceof ArrayBuffer ? message : JSON.stringify(message) }));
    }
    close() {
      this.readyState = "closed";
      this.dispatchEvent(new Event("close"));
    }
  }
  const start = () => {
    const channel = new Channel();
    const talk = new Talk(channel);
    const faults = [];
    const files = [];
    const words = [];
    talk.addEventListener("fault", ({ detail: { error } }) => faults.push(error.message));
    talk.addEventListener("file", ({ detail: { incoming } }) => files.push(incoming));
    talk.addEventListener("words", ({ detail }) => words.push(detail.words));
    return { channel, talk, faults, files, words };
  };
  const wordsOf = (promise) => promise.then(JSON.stringify, (error) => error.message);
  Object.assign(globalThis, { start, wordsOf, Log, Downloads, Picture, ME, SERVER, story: [] });
  return true;
})"""


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    server = Server({"server.demo": "true"})
    try:
        with browse(require_part("chromium-headless-shell"), tmp_path_factory.mktemp("profile")) as browser:
            tab = browser.open(f"http://127.0.0.1:{server.port}/demo")
            tab.begin(BEGIN)
            assert tab.result()
            yield tab
        server.stop()
        server.check()
    finally:
        server.kill()


def run(tab: Tab, body: str) -> Any:  # noqa: ANN401 - what the page returns
    tab.begin(f"(async () => {{ {body} }})")
    return tab.result()


# --- Files that go out ---


def test_no_more_than_a_mebibyte_and_a_chunk_waits_in_the_channel_and_the_rest_follows(tab: Tab) -> None:
    told = run(
        tab,
        """
        const { channel, talk } = start();
        const file = new File([new Uint8Array(3_000_000)], "x");
        let most = 0;
        let bytes = 0;
        const sending = talk.sendFile(file, (sent) => {
          bytes = sent;
          most = Math.max(most, channel.bufferedAmount);
          if (channel.bufferedAmount >= 1_048_576) {
            setTimeout(() => channel.drain());
          }
          if (sent === file.size) {
            channel.say({ received: { isIntact: true } });
          }
        });
        const { isIntact } = await sending;
        return { isIntact, most, bytes, sent: channel.sent.slice(1).reduce((sum, { byteLength }) => sum + byteLength, 0) };
        """,
    )
    assert (told["isIntact"], told["bytes"], told["sent"]) == (True, 3_000_000, 3_000_000)
    assert 1_048_576 <= told["most"] < 1_048_576 + 16_384 + 200


def test_a_file_of_the_largest_size_is_allowed_and_one_byte_more_is_not(tab: Tab) -> None:
    told = run(
        tab,
        """
        const { channel, files, faults } = start();
        channel.say({ file: { name: "just", size: 256_000_000 } });
        const { talk } = start();
        const refused = await wordsOf(talk.sendFile({ name: "over", size: 256_000_001 }));
        return [files.length, faults, refused];
        """,
    )
    assert told == [1, [], "a file of 257 MB: at most 256 MB can be sent"]


def test_a_file_whose_channel_closes_fails_and_so_does_one_that_waits_for_its_answer(tab: Tab) -> None:
    told = run(
        tab,
        """
        const { channel, talk } = start();
        const waits = wordsOf(talk.sendFile(new File(["x"], "x"), () => setTimeout(() => channel.close())));
        return waits;
        """,
    )
    assert told == "the connection ended before it was through"


# --- Somebody who does not keep to the form ---


@pytest.mark.parametrize("size", ["-1", "256_000_001", "1.5", "'9'", "null", "undefined"])
def test_an_announced_size_that_cannot_be_is_a_fault_and_the_sender_hears_of_it(tab: Tab, size: str) -> None:
    told = run(
        tab,
        f"""
        const {{ channel, files, faults }} = start();
        channel.say({{ file: {{ name: "x", size: {size} }} }});
        channel.say(new ArrayBuffer(5));
        return [files.length, faults.length, channel.sent];
        """,
    )
    assert told == [0, 1, ['{"received":{"isIntact":false}}']]


def test_more_bytes_than_were_announced_are_not_kept(tab: Tab) -> None:
    told = run(
        tab,
        """
        const { channel, files } = start();
        channel.say({ file: { name: "x", size: 4 } });
        channel.say(new ArrayBuffer(5));
        const end = await wordsOf(files[0].done);
        await new Promise((resolve) => setTimeout(resolve));
        return [end, channel.sent];
        """,
    )
    assert told == ["more bytes came than were announced", ['{"received":{"isIntact":false}}']]


def test_a_file_with_another_hash_is_called_damaged_at_both_ends(tab: Tab) -> None:
    told = run(
        tab,
        """
        const { channel, files } = start();
        channel.say({ file: { name: "x", size: 1, hash: "00" } });
        channel.say(new ArrayBuffer(1));
        const { isIntact } = await files[0].done;
        await new Promise((resolve) => setTimeout(resolve));
        return [isIntact, channel.sent];
        """,
    )
    assert told == [False, ['{"received":{"isIntact":false}}']]


def test_a_file_that_another_one_follows_before_its_end_fails(tab: Tab) -> None:
    told = run(
        tab,
        """
        const { channel, files } = start();
        channel.say({ file: { name: "x", size: 2 } });
        channel.say({ file: { name: "y", size: 2 } });
        return [await wordsOf(files[0].done), files[1].name];
        """,
    )
    assert told == ["another file came before its end", "y"]


@pytest.mark.parametrize(
    "message", ["null", "5", "[]", "{}", "{ words: 5 }", "{ file: 5 }", "{ received: 5 }", "{ words: 'x'.repeat(9999) }"]
)
def test_whatever_else_comes_is_left_and_what_follows_it_is_heard(tab: Tab, message: str) -> None:
    told = run(
        tab,
        f"""
        const {{ channel, words }} = start();
        channel.say({message});
        channel.say({{ words: "after it" }});
        return words.map(({{ length }}) => length);
        """,
    )
    assert told in ([8], [2000, 8])


# --- Bounds ---


def test_the_log_keeps_200_entries_the_picture_24_steps_and_five_downloads_are_one_too_many(tab: Tab) -> None:
    told = run(
        tab,
        """
        const list = document.createElement("ol");
        const log = new Log(list);
        const place = document.createElement("div");
        document.body.append(place);
        const picture = new Picture(place);
        await new Promise((resolve) => new ResizeObserver(resolve).observe(place));
        for (let number = 0; number < 300; number += 1) {
          log.tell(`entry ${number}`);
          picture.show({ name: `step ${number}`, from: ME, to: `peer ${number}` });
        }
        const downloads = new Downloads();
        const links = [1, 2, 3, 4, 5].map((number) => downloads.link(`${number}`, new Blob()));
        const names = [...place.querySelectorAll("[data-step]")].map(({ dataset }) => dataset.step);
        const heads = place.querySelectorAll(".head").length;
        return [list.childElementCount, list.firstChild.textContent, names.length, names[0], heads, links.map(({ href }) => href !== "")];
        """,
    )
    assert told == [200, "entry 100", 24, "step 276", 6, [False, True, True, True, True]]


def test_a_step_that_comes_again_is_counted_where_it_is(tab: Tab) -> None:
    told = run(
        tab,
        """
        const place = document.createElement("div");
        const picture = new Picture(place);
        for (const to of ["a", "a", "b", SERVER]) {
          picture.show({ name: "candidate", from: ME, to });
        }
        return [...place.querySelectorAll("[data-step]")].map((row) => row.getAttribute("aria-label"));
        """,
    )
    assert told == ["candidate \u00d72, from you to a", "candidate, from you to b", "candidate, from you to server"]
