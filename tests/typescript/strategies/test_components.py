"""Components of Vue and Svelte: their properties, their markup, which has no casts, and their scripts."""

from __future__ import annotations

from pipeline.typescript.strategies import (
    asking,
    components,
    definite,
    generics,
    giving,
    guards,
    holding,
    indexing,
    literals,
    parameters,
    returns,
    skipping,
)
from tests.typescript.replay import proposals, repaired


def test_an_empty_default_is_told_what_all_elements_give() -> None:
    assert repaired("vue", components, "<Icon :icon") == [
        "default: null as string | { name: string }[] | null"
    ]


def test_an_empty_list_as_default_takes_what_is_given_alone_or_in_a_list() -> None:
    assert repaired("vue", components, '<Icon icon="ri/search" roles="admin"') == [
        "default: null as string | { name: string }[] | null",
        "roles: { type: undefined, default: [] as string | string[] },",
    ]


def test_a_property_that_every_element_gives_is_required() -> None:
    assert repaired("vue", components, "const title") == ["type: Object as PropType<Item>,\nrequired: true"]


def test_a_property_that_one_element_leaves_out_is_not_required() -> None:
    found = [repair for one, repairs in proposals("vue", components) for repair in repairs]
    assert not any("note" in repair.why for repair in found)


def test_what_is_missing_in_a_template_shows_nothing() -> None:
    shown = repaired("vue", skipping, "<p :title")
    assert '<p :title="title()">{{ item.meta?.title }} {{ note.length }}</p>' in shown
    assert '<p :title="title()">{{ item.meta.title }} {{ note?.length }}</p>' in shown
    assert repaired("vue", skipping, "const title") == []


def test_an_object_of_many_members_is_read_as_a_table_of_unknown() -> None:
    assert repaired("svelte", indexing, "const old")[0] == (
        "const old = (settings as Record<string, unknown>)[name]"
    )


def test_a_statement_in_parentheses_is_kept_apart_from_the_one_before() -> None:
    assert repaired("svelte", indexing, "settings[name] =")[0] == (
        ";(settings as Record<string, unknown>)[name] = old ?? value"
    )


def test_functions_that_return_only_each_other_return_nothing() -> None:
    assert repaired("svelte", returns, "export const restart") == [
        "export const restart = async (id: number, again = false): Promise<void> => {"
    ]
    assert repaired("svelte", returns, "export const apply") == [
        "export const apply = async (id: number): Promise<void> => {"
    ]


def test_a_table_of_anything_holds_unknown() -> None:
    assert repaired("svelte", indexing, "found[key]") == []
    assert repaired("svelte", generics, "found[key]") == ["}, {} as Record<string, unknown>)"]


def test_what_a_member_may_lack_goes_on_to_what_an_arrow_function_returns() -> None:
    assert repaired("svelte", definite, "private error")[-1] == (
        "private error: string | undefined\ngetError = (): string | undefined => this.error"
    )


def test_markup_without_casts_asks_what_the_target_is() -> None:
    asked = (
        "if (event.target instanceof HTMLFormElement && event.target[0] instanceof HTMLInputElement"
        " && event.target[0].value) {"
    )
    assert repaired("svelte", asking, "if (event.target") == [asked]
    assert repaired("svelte", asking, "key = event.target") == [asked]


def test_a_function_of_the_script_is_typed_by_its_calls_in_the_markup() -> None:
    assert repaired("svelte", parameters, "const submit") == ["const submit = (value: string) => {"]


def test_a_function_of_a_vue_script_is_typed_by_its_uses_in_the_template() -> None:
    assert repaired("vue", parameters, "function pick") == [
        "function pick(item: { name: string }, index) {",
        "function pick(item, index: number) {",
    ]
    assert repaired("vue", parameters, "function entered")[0] == "function entered(event: MouseEvent) {"


def test_a_function_that_is_computed_is_typed_by_its_calls() -> None:
    assert repaired("vue", parameters, "return item =>")[0] == (
        "return (item: { name: string }) => ({ color: item.name });"
    )


def test_functions_that_a_composable_gives_out_are_typed_by_the_calls_of_who_takes_them() -> None:
    assert repaired("vue", parameters, "return (item, index)") == [
        'return (item: { name: string }, index) => index > 0 && item.name === "x";',
        'return (item, index: number) => index > 0 && item.name === "x";',
    ]
    assert "function resolve(route, deep: boolean) {" in repaired("vue", parameters, "function resolve")


def test_what_a_template_writes_to_a_ref_types_it() -> None:
    typed = "const last = ref<{ name: string } | null>(null);"
    assert set(repaired("vue", literals, "<b @mouseenter")) == {typed}


def test_what_is_written_to_a_store_by_its_dollar_name_types_it() -> None:
    assert set(repaired("svelte", literals, "$names =")) == {"const names = writable<string[]>([])"}


def test_the_target_of_an_element_alone_is_the_current_one_until_the_handler_waits() -> None:
    assert set(repaired("svelte", asking, "<input")) == {
        '<input type="text" value={key} on:change={(e) => submit(e.currentTarget.value)}>'
    }
    assert repaired("svelte", asking, "<select") == []
    assert repaired("svelte", skipping, "<select") == []


def test_a_check_on_a_line_with_others_keeps_its_semicolon() -> None:
    assert repaired("svelte", guards, "<select") == [
        "<select on:change={async (e) => { await null; if (!e.target) return; submit(e.target.value) }}></select>"
    ]


def test_state_that_holds_undefined_too_says_so_where_it_is_made() -> None:
    assert repaired("vue", holding, "const style") == ["const style = ref<string | undefined>(props.name);"]
    assert repaired("vue", holding, "plain.value") == ['const plain = ref<string | undefined>("");']
    assert repaired("vue", holding, "<template><p ref") == ['const plain = ref<string | undefined>("");']


def test_all_that_a_call_gives_too_widely_is_told_at_once() -> None:
    assert repaired("vue", giving, "mark(props") == [
        "function mark(flag: string | undefined, target: HTMLElement | null) { target.title = flag; }"
    ]


def test_a_ref_of_the_template_is_of_the_element_that_names_it() -> None:
    assert "const title = ref<HTMLParagraphElement | null>(null);" in repaired(
        "vue", literals, "const wide ="
    )
