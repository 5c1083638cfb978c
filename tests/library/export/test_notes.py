"""Notes for Obsidian and Logseq: renewed in place, the user's part kept, templates that cannot break."""

import json
import re
import tempfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from earwitness.library import snip_catalogue as read
from earwitness.library import snips
from earwitness.library.export import files, gathering, logseq, obsidian, outline, prose, regions
from earwitness.library.export.files import CannotExport
from earwitness.library.review import cards, faces
from earwitness.library.review.scheduling import Grade
from earwitness.library.snip import Contents
from earwitness.store.connection import open_store
from tests.library import samples

FORMATS = [obsidian, logseq]


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path / "data") as opened:
        yield opened


@pytest.fixture
def vault(tmp_path):
    return tmp_path / "vault"


def save(store, start=20.0, end=40.0, episode=None, **contents):
    of = episode or samples.shelve(store)
    return snips.make(store, of, Contents(start_seconds=start, end_seconds=end, **contents))


def notes(store, **options):
    return gathering.gather(store, read.every(store), **options)


def written(vault):
    return {file: file.read_text() for file in sorted(vault.rglob("*.md"))}


def the_note(vault):
    ((file, text),) = written(vault).items()
    return file, text


def change(store, snip, **fields):
    snips.change(store, snip.id, lambda contents: msgspec.structs.replace(contents, **fields))


@pytest.mark.parametrize("format_", FORMATS)
def test_a_note_has_what_was_kept_and_where_to_hear_it(store, vault, format_):
    snip = save(store, title="Slots", note="Count them.", tags=("db locks",), favourite=True)
    cards.keep(store, [faces.of_snip(snip)])
    cards.grade(store, f"snip:{snip.id}", Grade.GOOD)
    done = format_.export(notes(store, transcripts=True), vault)
    assert (done.changed, done.items, done.problems) == (1, 1, ())
    _, text = the_note(vault)
    for part in (
        *("Slots", "A lock has a fast path.", "Count them.", "★", "0:20"),
        *("https://talk.example/locks.mp3#t=20,40", "https://talk.example/", "#t=60"),
        *("Saved 20", "reviewed 20", "Slow path", "[more](https://x.example/a)"),
        *("Today we talk about locks.", snip.id),
    ):
        assert part in text, part


@pytest.mark.parametrize("format_", FORMATS)
def test_exporting_again_writes_nothing_and_a_change_renews_in_place(store, vault, format_):
    snip = save(store, note="one")
    save(store, start=0.0, end=20.0)
    format_.export(notes(store), vault)
    before = written(vault)
    assert format_.export(notes(store), vault).changed == 0
    assert written(vault) == before
    change(store, snip, note="two")
    format_.export(notes(store), vault)
    _, text = the_note(vault)
    assert "two" in text and "one\n" not in text
    assert len(re.findall(f"snip-{snip.id}", text)) == len(
        re.findall(f"snip-{snip.id}", next(iter(before.values())))
    )


@pytest.mark.parametrize("format_", FORMATS)
def test_a_renamed_note_is_found_again_and_a_strangers_file_is_left_alone(store, vault, format_):
    save(store)
    format_.export(notes(store), vault)
    file, _ = the_note(vault)
    moved = vault / "elsewhere" / "My locks.md"
    moved.parent.mkdir()
    file.rename(moved)
    file.write_text("mine\n")
    save(store, start=40.0, end=50.0)
    assert format_.export(notes(store), vault).changed == 1
    assert file.read_text() == "mine\n"
    assert "And then it queues." in moved.read_text()
    assert len(written(vault)) == 2


@pytest.mark.parametrize("format_", FORMATS)
def test_a_name_that_somebody_has_is_not_taken(store, vault, format_):
    save(store)
    format_.export(notes(store), vault)
    file, _ = the_note(vault)
    file.write_text("mine\n")
    format_.export(notes(store), vault)
    assert {f.name: f.read_text() == "mine\n" for f in written(vault)} == {
        "Locks.md": True,
        "Locks 2.md": False,
    }


def test_two_episodes_of_one_title_are_two_notes(store, vault):
    save(store)
    save(store, episode=samples.shelve(store, title="LOCKS", guid="2", date="2024-05-01"))
    assert obsidian.export(notes(store), vault).changed == 2
    assert obsidian.export(notes(store), vault).changed == 0
    assert len(written(vault)) == 2


def test_obsidian_text_and_keys_of_the_user_stay(store, vault):
    first, second = save(store), save(store, start=40.0, end=50.0)
    obsidian.export(notes(store), vault)
    file, text = the_note(vault)
    text = text.replace('title: "Locks"', "title: Mine\naliases:\n  - Lock talk\ncssclasses: wide")
    end = f"%% earwitness:end snip-{first.id} %%"
    text = text.replace(end, f"{end}\n\nBetween the two.\n") + "\nAt the end.\n"
    file.write_text(text)
    change(store, second, note="new")
    snips.delete(store, first.id)
    obsidian.export(notes(store), vault)
    after = file.read_text()
    assert "Between the two." in after and after.endswith("At the end.\n")
    assert "aliases:\n  - Lock talk\ncssclasses: wide\n---" in after
    assert 'title: "Locks"' in after and "Mine" not in after
    assert first.id not in after and "\nnew\n" in after
    assert obsidian.export(notes(store), vault).changed == 0


def test_obsidian_block_ids_stay(store, vault):
    snip = save(store)
    obsidian.export(notes(store), vault)
    _, text = the_note(vault)
    assert f"\n^snip-{snip.id}\n" in text
    assert re.fullmatch(r"[a-z2-7]+", snip.id)


def test_the_front_matter_is_yaml_whatever_the_title_and_the_note_is_found_by_it(store, vault):
    yaml = pytest.importorskip("yaml")
    title = 'A "quoted": {title} — ünï \x7f\u2028 # 🎙 \\ end'
    save(store, episode=samples.shelve(store, title=title))
    obsidian.export(notes(store), vault)
    _, text = the_note(vault)
    front = yaml.safe_load(text.split("---\n")[1])
    assert front["title"] == title and front["earwitness"].startswith("talk/")
    rewritten = text.replace(json.dumps(front["earwitness"]), front["earwitness"])
    assert obsidian._episode_of(rewritten) == front["earwitness"]  # as Obsidian writes it anew


def test_logseq_blocks_of_the_user_stay_below_and_beside_ours(store, vault):
    first, second = save(store), save(store, start=40.0, end=50.0)
    logseq.export(notes(store), vault)
    file, text = the_note(vault)
    ids = re.findall(r"id:: (\S+)", text)
    lines = text.splitlines()
    place = next(n for n, line in enumerate(lines) if f"snip-{first.id}" in line)
    lines[place + 1 : place + 1] = ["\t- below the first", "\t\t- deeper\n\t\t  two lines"]
    lines = ["alias:: my page", *lines, "- my own block"]
    file.write_text("\n".join(lines) + "\n")
    change(store, second, note="new")
    logseq.export(notes(store), vault)
    after = file.read_text()
    assert "alias:: my page" in after and after.count("earwitness:: talk/locks") == 1
    assert "\t- below the first\n\t\t- deeper\n\t\t  two lines\n" in after
    assert "- my own block" in after and "  new" in after
    assert re.findall(r"id:: (\S+)", after) == ids
    snips.delete(store, first.id)
    logseq.export(notes(store), vault)
    assert "\n- below the first\n\t- deeper" in file.read_text()
    assert logseq.export(notes(store), vault).changed == 0


TEMPLATES = [
    ("{% block snip %}{{ nothing }}{% endblock %}", "'nothing' is undefined"),
    ("{% block snip %}{{ snip.nothing }}{% endblock %}", "nothing"),
    ("{% block snip %}{{ 1 / 0 }}{% endblock %}", "division by zero"),
    ("{% block snip %}{{ ''.__class__.__mro__ }}{% endblock %}", "unsafe"),
    ("{% block snip %}{{ snip.tags.append(1) }}{% endblock %}", "append"),
    ("{% block snip %}{% for n in range(10**9) %}x{% endfor %}{% endblock %}", "too big"),
    ("{% block snip %}{% include 'x' %}{% endblock %}", "loader"),
    ("{% block snip %}{{", "line 1"),
    ("no block", "none of the blocks"),
    ("{% block other %}{% endblock %}", "none of the blocks"),
]


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize(("template", "reason"), TEMPLATES)
def test_a_broken_template_is_told_and_the_note_is_the_usual_one(
    store, tmp_path, format_, template, reason
):
    save(store)
    usual = tmp_path / "usual"
    format_.export(notes(store), usual)
    done = format_.export(notes(store), tmp_path / "vault", template=template)
    assert done.changed == 1
    (problem,) = done.problems
    assert reason in problem and "\n" not in problem
    assert [*written(tmp_path / "vault").values()] == [*written(usual).values()]


def test_a_template_that_fails_for_one_note_serves_the_others(store, vault):
    save(store, title="Good")
    save(store, episode=samples.shelve(store, title="Other", guid="2"))
    template = "{% block snip %}mine: {{ snip.title or missing }}{% endblock %}"
    done = obsidian.export(notes(store), vault, template=template)
    assert done.changed == 2
    assert [problem.partition(":")[0] for problem in done.problems] == ["Other"]
    texts = {file.stem: text for file, text in written(vault).items()}
    assert "mine: Good" in texts["Locks"] and "# Locks" in texts["Locks"]
    assert "mine" not in texts["Other"] and "## 0:20" in texts["Other"]


@settings(max_examples=20)
@given(
    st.text(max_size=60),
    st.text(max_size=60),
    st.lists(st.text(max_size=12), max_size=3),
    st.sampled_from(FORMATS),
)
def test_any_text_is_exported_once(title, text, tags, format_):
    """Twice gives one file, the same bytes, and every region or block once."""
    with tempfile.TemporaryDirectory() as folder:
        with open_store(Path(folder) / "data") as store:
            episode = samples.shelve(store, description="")
            marker = "%% earwitness:end head %%\n- x\n  earwitness:: head\n"
            snip = save(
                store, title=title, note=f"{marker}{text}", tags=tuple(tags), episode=episode
            )
            vault = Path(folder) / "vault"
            format_.export(notes(store), vault)
            before = written(vault)
            assert format_.export(notes(store), vault).changed == 0
            assert written(vault) == before
            change(store, snip, note="after")
            format_.export(notes(store), vault)
            _, after = the_note(vault)
        fresh = Path(folder) / "fresh"
        with open_store(Path(folder) / "data") as store:
            format_.export(notes(store), fresh)
        assert after == the_note(fresh)[1]  # nothing of the old text is left


@given(st.text())
def test_a_file_name_is_safe_everywhere(title):
    name = files.safe_name(title)
    assert name and name == name.strip(". ") and len(name.encode()) <= 255 - len(" 2.md") - 1
    assert not set(name) & set('\\/:*?"<>|#^[]')
    assert all(letter.isprintable() for letter in name)
    assert not re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", name)
    assert files.safe_name(name) == name


@pytest.mark.parametrize(
    "name", ["CON", "nul.txt", "...", "", "a/b", "A: b?", "x" * 500, "文" * 300]
)
def test_bad_names_become_good_ones(name, tmp_path):
    (tmp_path / f"{files.safe_name(name)}.md").write_text("")


@given(st.text() | st.text("_*~`0a "))
@example("__0__")
@example("snake_case and _one_ __two__ a__b__c")
def test_escaped_text_has_no_meaning_for_markdown(text):
    shown = pytest.importorskip("markdown_it").MarkdownIt().render(prose.escaped(text))
    assert not re.search(r"<(?!/?p>)(?!br)", shown.replace("&lt;", ""))


def test_html_becomes_markdown_without_pictures_and_scripts():
    html = (
        "<p>One &amp; <b>two</b></p><script>x</script><ul><li>a</li><li>b</li></ul>"
        '<a href="javascript:x">bad</a> <a href="https://x.example/(a)">good</a><img src="https://t/">'
    )
    assert prose.from_html(html) == "One & two\n\n- a\n- b\n\nbad [good](https://x.example/%28a%29)"


def test_nothing_half_written_stays_when_writing_fails(tmp_path):
    file = tmp_path / "note.md"
    file.write_text("before")

    class Trouble(Exception): ...

    with pytest.raises(Trouble), files.replacing(file) as new:
        new.write_text("half")
        raise Trouble
    assert [f.name for f in tmp_path.iterdir()] == ["note.md"]
    assert file.read_text() == "before"


def test_a_note_that_cannot_be_written_is_told_and_the_others_go_on(store, vault, monkeypatch):
    save(store)
    save(store, episode=samples.shelve(store, title="Other", guid="2"))
    real = files.write

    def write(file, content):
        if file.stem == "Locks":
            raise CannotExport(f"{file} cannot be written: No space left on device")
        return real(file, content)

    monkeypatch.setattr(files, "write", write)
    done = obsidian.export(notes(store), vault)
    assert [file.stem for file in written(vault)] == ["Other"]
    assert "No space left" in done.problems[0]


def test_a_file_in_place_of_the_vault_is_named(store, tmp_path):
    save(store)
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotExport, match="a folder is needed"):
        obsidian.export(notes(store), tmp_path / "file")


def test_a_region_without_an_end_and_a_copy_of_one_become_the_users():
    first = regions.merged(None, {"k": "1"}, [("a", "one"), ("b", "two")])
    broken = first.replace("%% earwitness:end a %%\n", "mine\n")
    again = regions.merged(broken, {"k": "1"}, [("a", "new"), ("b", "two")])
    assert again.count("earwitness:begin a ") == again.count("earwitness:end a ") == 1
    assert "one\nmine\n" in again and "new" in again
    copied = first + "\n%% earwitness:begin a %%\nmy copy\n%% earwitness:end a %%\n"
    again = regions.merged(copied, {"k": "1"}, [("a", "new"), ("b", "two")])
    assert again.count("earwitness:begin a ") == 1 and "my copy" in again
    assert regions.merged(again, {"k": "1"}, [("a", "new"), ("b", "two")]) == again


TEXTS = st.text(alphabet="ab \n-#%\t", max_size=20)
NAMES = st.lists(st.sampled_from("abcd"), unique=True, max_size=4)


@given(NAMES, NAMES, st.lists(TEXTS, min_size=5, max_size=5), TEXTS)
def test_the_users_text_survives_every_change_of_ours(first, second, theirs, ours):
    regioned = regions.merged(None, {"k": "1"}, [(name, ours) for name in first])
    texts = iter(theirs)

    def put(match):
        return f"{match[0]}\nUSER {next(texts)}"

    end = re.compile(r"^%% earwitness:end \w %%$", re.MULTILINE)
    mixed = end.sub(put, regioned) + "\nUSER end"
    after = regions.merged(mixed, {"k": "2"}, [(name, ours) for name in second])
    for text in (*theirs[: len(first)], "end"):
        assert f"USER {text}".rstrip() in after
    assert regions.merged(after, {"k": "2"}, [(name, ours) for name in second]) == after
    for name in "abcd":
        assert after.count(f"earwitness:begin {name} ") == (name in second)


@given(NAMES, NAMES)
def test_an_outline_keeps_the_users_blocks(first, second):
    def blocks(names):
        return [outline.block(name, f"{name}\nmore:: text", id=f"id-{name}") for name in names]

    page = outline.merged(None, {"p": "1"}, blocks(first))
    lines = []
    for number, line in enumerate(page.splitlines()):
        lines.append(line)
        if line.strip().startswith("earwitness::"):
            lines.append(f"\t- child {number}")
    after = outline.merged("\n".join([*lines, "- tail"]), {"p": "2"}, blocks(second))
    assert after.count("- child") == len(first) and "- tail" in after
    assert outline.merged(after, {"p": "2"}, blocks(second)) == after
    assert sorted(re.findall(r"earwitness:: (\w)", after)) == sorted(second)


def test_a_block_that_the_user_moved_below_another_is_renewed_there():
    def blocks(text):
        return [outline.block(name, f"{name}\n{text}", id=name) for name in "ab"]

    page = outline.merged(None, {"p": "1"}, blocks("old"))
    moved = (
        "p:: 1\n\n- mine  \n\t- b\n\t  id:: b\n\t  earwitness:: b\n\t  old\n- a\n  earwitness:: a\n"
    )
    assert page.count("earwitness:: b") == 1
    after = outline.merged(moved, {"p": "1"}, blocks("- new"))
    assert "- mine  \n\t- b\n\t  id:: b\n\t  earwitness:: b\n\t  * new\n" in after
    assert after.count("earwitness:: b") == 1 and "old" not in after
