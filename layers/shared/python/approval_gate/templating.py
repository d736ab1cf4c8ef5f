"""
Fill in templates: Jinja in its sandbox, and of Jinja only what words need.

Allowed are the declared variables, `if`, one level of `for`, comparisons and a few filters. There are no calls, no
attributes but a few of `loop`, no arithmetic and no globals: nothing that leads out of the sandbox, and nothing that
takes long or much memory: only lists, which are short, can be looped over, sorted and joined, and nothing grows beyond
what a message may hold. A value is text: it reads as it stands and cannot become markup, a link or a mention.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache

from jinja2 import StrictUndefined, TemplateError, TemplateRuntimeError, meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from approval_gate.domain.template import Template, Words
from approval_gate.errors import FieldProblem, RequestError
from approval_gate.markdown import one_line
from approval_gate.markdown_escape import escaped

__all__ = ["MAX_OUTPUT_CHARS", "MAX_VALUES_CHARS", "Value", "problems_of", "rendered"]

type Value = str | int | float | bool | Sequence[str | int | float | bool]
"""What a variable may hold."""

MAX_OUTPUT_CHARS = 20_000
MAX_VALUES_CHARS = 20_000

_FILTERS = ("capitalize", "first", "join", "last", "length", "lower", "sort", "title", "trim", "unique", "upper")
_MAX_FILTERS = 100
"""In one text; each may be applied to 50 items of a list."""
_TESTS = ("eq", "ne", "lt", "le", "gt", "ge", "in", "true", "false")
_LOOP = {"index", "first", "last", "length"}
_ALLOWED: tuple[type[nodes.Node], ...] = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.If,
    nodes.For,
    nodes.Filter,
    nodes.Test,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.CondExpr,
    nodes.Getattr,
)


def problems_of(template: Template) -> tuple[FieldProblem, ...]:
    """Return what is wrong with a template: its syntax, a construct that is not allowed, a variable not declared."""
    return tuple(
        FieldProblem(f"{part}.{locale}", problem)
        for locale, words in template.words.items()
        for part, source in (("title", words.title), ("text", words.text))
        for problem in _problems(source, template.variables)
    )


def rendered(template: Template, locale: str, values: Mapping[str, Value]) -> Words:
    """
    Return a template's words in one of its languages.

    Raises:
        RequestError: names every variable that is missing or not declared, or says what cannot be done with a value.
    """
    problems = [FieldProblem(f"variables.{name}", "is required by the template") for name in template.variables]
    problems = [each for each in problems if each.field.removeprefix("variables.") not in values]
    unknown = sorted(set(values) - set(template.variables))
    problems += [FieldProblem(f"variables.{name}", "is not declared by the template") for name in unknown]
    if sum(len(str(value)) for value in values.values()) > MAX_VALUES_CHARS:
        problems.append(FieldProblem("variables", f"are longer than {MAX_VALUES_CHARS} characters together"))
    if problems:
        raise RequestError("The variables must change.", problems=tuple(problems))
    words = template.words[locale]
    texts = sorted(name for name in _lists(words.title) | _lists(words.text) if not isinstance(values.get(name), list))
    if texts:
        problems = [FieldProblem(f"variables.{name}", "must be a list: the template loops over it") for name in texts]
        raise RequestError("The variables must change.", problems=tuple(problems))
    title = one_line(_filled(_plain(), words.title, values, f"title.{locale}"))
    return Words(title, _filled(_markdown(), words.text, values, f"text.{locale}").strip())


def _problems(source: str, variables: Sequence[str]) -> Iterator[str]:
    try:
        tree = _markdown().parse(source)
        forbidden = [f"line {getattr(node, 'lineno', 1)}: {why}" for node in _nodes(tree) if (why := _forbidden(node))]
        if sum(isinstance(node, nodes.Filter) for node in _nodes(tree)) > _MAX_FILTERS:
            forbidden.append(f"uses more than {_MAX_FILTERS} filters")
        undeclared = set() if forbidden else meta.find_undeclared_variables(tree) - set(variables)
        if not forbidden:
            _markdown().compile(source)
    except (RecursionError, SyntaxError):  # of the Python that Jinja makes of it
        yield "cannot be read: nested too deeply"
    except TemplateError as err:
        yield f"cannot be read: {err.message}"
    else:
        yield from forbidden
        yield from (f"uses {name!r}, which `variables` does not declare" for name in sorted(undeclared))


def _nodes(tree: nodes.Node) -> Iterator[nodes.Node]:
    yield tree
    for child in tree.iter_child_nodes():
        yield from _nodes(child)


def _forbidden(node: nodes.Node) -> str:
    """Return why a construct is not allowed, empty when it is."""
    match node:
        case nodes.Filter():
            return _wrong_filter(node)
        case nodes.For():
            return _wrong_loop(node)
        case nodes.Test(name=name) if name not in _TESTS:
            return f"the test {name!r} is not available"
        case nodes.Name(name="self"):  # Jinja's own, and the only one that is not asked to be declared
            return "self is not available in templates"
        case nodes.Getattr(node=of, attr=attr):
            is_of_loop = isinstance(of, nodes.Name) and of.name == "loop" and attr in _LOOP
            return "" if is_of_loop else "attributes are not available"
        case _:
            return "" if isinstance(node, _ALLOWED) else f"{type(node).__name__} is not available in templates"


def _wrong_filter(used: nodes.Filter) -> str:
    if used.name not in _FILTERS:
        return f"the filter {used.name!r} is not available; there are {', '.join(_FILTERS)}"
    if len(used.args) > 1 or not all(isinstance(each, nodes.Const) for each in used.args):
        return "a filter takes one argument at most, such as join(', ')"
    return ""


def _wrong_loop(loop: nodes.For) -> str:
    if not _looped_over(loop):
        return "a loop takes a variable, sorted or unique if need be"
    if loop.recursive:
        return "a recursive loop is not available"
    if any(isinstance(inner, nodes.For) for child in loop.body for inner in _nodes(child)):
        return "a loop in a loop is not available"
    return ""


def _looped_over(loop: nodes.For) -> str:
    """Return the variable that a loop goes over, empty when it is anything else."""
    looped: nodes.Node | None = loop.iter
    while isinstance(looped, nodes.Filter) and looped.name in {"sort", "unique"}:
        looped = looped.node
    return looped.name if isinstance(looped, nodes.Name) else ""


def _lists(source: str) -> set[str]:
    """Return the variables that must be lists."""
    return {_looped_over(node) for node in _nodes(_plain().parse(source)) if isinstance(node, nodes.For)}


def _filled(environment: ImmutableSandboxedEnvironment, source: str, values: Mapping[str, Value], field: str) -> str:
    parts: list[str] = []
    length = 0
    try:
        for part in environment.from_string(source).generate(dict(values)):
            parts.append(part)
            length += len(part)
            if length > MAX_OUTPUT_CHARS:
                break
    except TemplateRuntimeError as err:
        raise _unfit(field, err.message or type(err).__name__) from err
    except (TemplateError, TypeError, ValueError, ArithmeticError) as err:
        raise _unfit(field, type(err).__name__) from err
    return "".join(parts)[:MAX_OUTPUT_CHARS]


def _unfit(field: str, why: str) -> RequestError:
    problem = FieldProblem(field, f"cannot be filled in with these values ({why}); check their kinds")
    return RequestError("The variables must change.", problems=(problem,))


def _join(value: object, separator: object = "") -> str:
    """Join the items of a list. Jinja's own also joins the letters of a text, and knows no end."""
    items = (
        [str(each) for each in value] if isinstance(value, Sequence) and not isinstance(value, str) else [str(value)]
    )
    if sum(map(len, items)) + len(str(separator)) * len(items) > MAX_OUTPUT_CHARS:
        raise TemplateRuntimeError(f"longer than {MAX_OUTPUT_CHARS} characters")
    return str(separator).join(items)


@cache
def _plain() -> ImmutableSandboxedEnvironment:
    return _environment(lambda value: one_line(str(value)))


@cache
def _markdown() -> ImmutableSandboxedEnvironment:
    return _environment(lambda value: escaped(str(value)))


def _environment(finalize: Callable[[object], str]) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        autoescape=False,  # the output is no HTML; `finalize` escapes for what it is
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        cache_size=0,
    )
    environment.globals.clear()
    environment.filters = {name: environment.filters[name] for name in _FILTERS} | {"join": _join}
    environment.tests = {name: environment.tests[name] for name in _TESTS}
    return environment
