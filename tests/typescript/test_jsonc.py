"""JSON with comments: read as TypeScript does, and changed by one option with every other byte kept."""

from __future__ import annotations

import pytest

from pipeline.typescript import jsonc
from pipeline.typescript.edits import apply


def with_option(text: str, name: str, value: object) -> str:
    return apply({"tsconfig.json": text}, [jsonc.option("tsconfig.json", text, name, value)])["tsconfig.json"]


def test_comments_and_trailing_commas_are_read() -> None:
    text = '\ufeff// a\n{ /* b */ "a": [1, 2,], "b": { "c": "// no comment", }, }\n'
    assert jsonc.parse(text).plain == {"a": [1, 2], "b": {"c": "// no comment"}}


@pytest.mark.parametrize("text", ["", "{", '{"a": }', '{"a": 1 "b": 2}', "[1, 2", '{"a": 1} x', "{'a': 1}"])
def test_what_is_no_json_says_where(text: str) -> None:
    with pytest.raises(jsonc.Broken) as broken:
        jsonc.parse(text)
    assert 0 <= broken.value.position <= len(text)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{}", '{\n  "compilerOptions": {\n    "jsx": "preserve"\n  }\n}'),
        (
            '{\n\t"compilerOptions": {\n\t\t"strict": true // all\n\t}\n}\n',
            '{\n\t"compilerOptions": {\n\t\t"strict": true, // all\n\t\t"jsx": "preserve"\n\t}\n}\n',
        ),
        (
            '{\n  "compilerOptions": {\n    "strict": true, /* all */\n  },\n}\n',
            '{\n  "compilerOptions": {\n    "strict": true, /* all */\n    "jsx": "preserve",\n  },\n}\n',
        ),
        (
            '{\r\n  "compilerOptions": {\r\n    "strict": true\r\n  }\r\n}\r\n',
            '{\r\n  "compilerOptions": {\r\n    "strict": true,\r\n    "jsx": "preserve"\r\n  }\r\n}\r\n',
        ),
        ('{"compilerOptions": {"strict": true}}', '{"compilerOptions": {"strict": true, "jsx": "preserve"}}'),
        ('{"compilerOptions": {"jsx": "react"}}', '{"compilerOptions": {"jsx": "preserve"}}'),
        (
            '{\n  "extends": "./base.json" // the base\n}\n',
            '{\n  "extends": "./base.json", // the base\n  "compilerOptions": {\n    "jsx": "preserve"\n  }\n}\n',
        ),
        (
            '{\n  "compilerOptions": {\n    // nothing yet\n  }\n}\n',
            '{\n  "compilerOptions": {\n    // nothing yet\n    "jsx": "preserve"\n  }\n}\n',
        ),
    ],
)
def test_an_option_is_added_in_the_layout_of_the_file(before: str, after: str) -> None:
    assert with_option(before, "jsx", "preserve") == after
    assert jsonc.parse(after).plain["compilerOptions"]["jsx"] == "preserve"


def test_a_list_and_an_object_are_written() -> None:
    text = with_option('{\n  "compilerOptions": {\n    "a": 1\n  }\n}\n', "paths", {"@/*": ["./src/*"]})
    assert text.endswith('    "a": 1,\n    "paths": {\n      "@/*": ["./src/*"]\n    }\n  }\n}\n')


def test_the_last_of_several_members_counts() -> None:
    assert with_option('{"compilerOptions": {"jsx": "a", "jsx": "b"}}', "jsx", "c") == (
        '{"compilerOptions": {"jsx": "a", "jsx": "c"}}'
    )
