"""The search for keys that ends every run (conftest.py) finds them."""

from icsmulti.keys.key import new_key, read_key
from written_keys import files_with_keys


def test_a_key_in_a_file_is_found_and_what_is_kept_of_one_is_not(tmp_path):
    text, kept = new_key("abcdef")
    folder = tmp_path / "deeper"
    folder.mkdir()
    (folder / "log.jsonl").write_text(f'{{"error": "{text}"}}')
    (folder / "keys.db").write_bytes(kept.digest + kept.id.encode())
    (folder / "empty").touch()

    found = files_with_keys(tmp_path)
    (folder / "log.jsonl").unlink()

    assert [file.name for file in found] == ["log.jsonl"]
    assert read_key(text) == kept
    assert files_with_keys(tmp_path) == []
