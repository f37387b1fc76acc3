"""Mapping templates, parameters and JSONPath: what API Gateway makes of a request, and what a template must not do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jlambda.api.fronts.integrations.json_path import BadPath, found
from jlambda.api.fronts.integrations.parameters import View, mapped_headers, mapped_request, with_variables
from jlambda.api.fronts.integrations.templates import BadTemplate, render
from jlambda.api.fronts.integrations.variables import NoJson, rendered

BODY = '{"name": "O\'Brien", "tags": ["a", "b"], "deep": {"er": 1, "x-y": true}, "items": [{"n": 1}, {"n": 2}]}'
CONTEXT = {"requestId": "r1", "identity": {"sourceIp": "127.0.0.1"}, "authorizer": {"principalId": "ada"}}
VIEW = View(
    {"id": "42"},
    (("q", "1"), ("q", "2"), ("say", "hi there")),
    (("X-Header", "one"), ("X-Header", "two")),
    BODY,
    CONTEXT,
    {"colour": "blue"},
)
#: the template that AWS's console offers as "Method request passthrough", as people have it in their APIs
ALL = """## all that there is of a request
#set($allParams = $input.params())
{
"body-json" : $input.json('$'),
"params" : {
#foreach($type in $allParams.keySet())
    #set($params = $allParams.get($type))
"$type" : {
    #foreach($paramName in $params.keySet())
    "$paramName" : "$util.escapeJavaScript($params.get($paramName))"
        #if($foreach.hasNext),#end
    #end
}
    #if($foreach.hasNext),#end
#end
},
"stage-variables" : {
#foreach($key in $stageVariables.keySet())
"$key" : "$util.escapeJavaScript($stageVariables.get($key))"
    #if($foreach.hasNext),#end
#end
},
"context" : { "source-ip" : "$context.identity.sourceIp", "user" : "$context.authorizer.principalId", "no": "$context.a.b" }
}
"""


def text(template: str, view: View = VIEW) -> str:
    """A template of a request, rendered."""
    return rendered(template, view, "requestOverride")[0]


def test_the_template_for_everything() -> None:
    """What people begin with."""
    made = json.loads(text(ALL))
    assert made["body-json"] == json.loads(BODY)
    assert made["params"] == {
        "path": {"id": "42"},
        "querystring": {"q": "2", "say": "hi there"},
        "header": {"X-Header": "two"},
    }
    assert made["stage-variables"] == {"colour": "blue"}
    assert made["context"] == {"source-ip": "127.0.0.1", "user": "ada", "no": ""}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("$input.json('$.deep')", '{"er":1,"x-y":true}'),
        ("$input.json('$.nothing')", '""'),
        ("$input.path('$.deep.er')", "1"),
        ("$input.path('$.deep')", "{er=1, x-y=true}"),
        ("$input.path('$.tags')", '["a","b"]'),
        ("$input.path('$.tags').size()", "2"),
        ("#foreach($each in $input.path('$.items'))$each.n#if($foreach.hasNext)+#end#end", "1+2"),
        ("$input.params('id') $input.params('q') $input.params('x-header')|$input.params('nobody')", "42 2 one|"),
        ("${stageVariables.colour}-$stageVariables['colour']", "blue-blue"),
        ("$util.urlEncode('a b/c') $util.urlDecode('a+b%2Fc')", "a+b%2Fc a b/c"),
        ("$util.base64Decode($util.base64Encode('ä'))", "ä"),
        ("$util.parseJson('{\"a\": [1, 2]}').a[1]", "2"),
        ("$util.escapeJavaScript($input.path('$.name'))", "O\\'Brien"),
        # the way that AWS documents to have it as JSON
        ("$util.escapeJavaScript($input.path('$.name')).replaceAll(\"\\\\'\",\"'\")", "O'Brien"),
        ("#set($n = 2)#if($n > 1 && $n != 3)yes#{else}no#end", "yes"),
        ("#if($input.params('q') == '2')two#elseif(true)other#end", "two"),
        ("#set($all = [])#set($ok = $all.add('x'))$all.size() $ok", "1 true"),
        ("#set($map = {'a': 1})#set($map.b = 2)$map.keySet() $map.containsKey('c')", '["a","b"] false'),
        ("#set($sum = 0)#foreach($i in [1..3])#set($sum = $sum + $i)#end$sum", "6"),
        ("$nobody|$!nobody|${nobody}|$input.nobody.there", "|||"),
        ("costs $5 ## of course\nor not", "costs $5 or not"),
        ("$input.body.substring(1, 7).toUpperCase()", '"NAME"'),
    ],
)
def test_what_templates_say(template: str, expected: str) -> None:
    """References, methods and directives."""
    assert text(template) == expected


def test_a_template_overrides() -> None:
    """What it puts into the context goes with the request; the context itself stays as it is."""
    _, over = rendered("#set($context.requestOverride.header.X-To = 'you')", VIEW, "requestOverride")
    assert over["header"] == {"X-To": "you"} and "requestOverride" not in VIEW.context
    _, over = rendered("#set($context.responseOverride.status = 418)", VIEW, "responseOverride")
    assert over["status"] == 418


@pytest.mark.parametrize("template", ["$input.json('$.a')", "#if($input.path('$.a'))x#end"])
def test_a_body_that_is_no_json(template: str) -> None:
    """Is told apart from a template that is wrong."""
    with pytest.raises(NoJson):
        text(template, VIEW._replace(body="{not"))


@pytest.mark.parametrize(
    "template",
    [
        "$input.__class__$input.json.__globals__$util.parseJson.__code__",
        "$input.body.__class__.__mro__",
        "$input.body.format('x')$input.body.join([])",
        "#set($x = '{0.__class__}')$x.format($input)",
        "#foreach($a in $input.__class__.__subclasses__())$a#end",
    ],
)
def test_nothing_of_python_is_in_reach(template: str) -> None:
    """Whoever may write templates, a function among them, does not run code in this process."""
    assert text(template) == ""


@pytest.mark.parametrize(
    "template",
    [
        "#set($s = 'aaaaaaaaaaaaaaaa')#foreach($i in [1..100])#set($s = \"$s$s\")#end$s",
        "#set($s = 'aaaaaaaaaaaaaaaa')#foreach($i in [1..100])#set($s = $s + $s)#end$s",
        "#set($l = [1])#foreach($i in [1..100])#set($l = [$l, $l])#end$l",
        "#set($s = 'a' * 10000000000)$s",
        "#foreach($i in [1..1000])#foreach($j in [1..1000])#end#end",
        "#foreach($i in [1..100000000000])#end",
        "#set($a = [1..100000000000])",
        "#macro(again)#again()#end#again()",
        "#include('/etc/passwd')",
        "#parse('/etc/passwd')",
        "#evaluate('$input.body')",
        "#if(true)",
        "#set($x = )",
        "$input.json('$.[')",
        "$input.path()",
        "x" * 300_001,
    ],
)
def test_templates_that_are_refused(template: str) -> None:
    """What has no end, what is too long, what is no Velocity and none of API Gateway's."""
    with pytest.raises(BadTemplate):
        text(template)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$", {"a": [{"b": 1}, {"b": 2}], "c d": 3}),
        ("$.a[1].b", 2),
        ("$.a[*].b", [1, 2]),
        ("$..b", [1, 2]),
        ("$['c d']", 3),
        ("$.a[?(@.b == 2)]", [{"b": 2}]),
        ("$.none", None),
        ("$.none[*]", []),
    ],
)
def test_json_paths(path: str, value: Any) -> None:
    """One value, or a list where there may be several."""
    assert found({"a": [{"b": 1}, {"b": 2}], "c d": 3}, path) == value


def test_what_is_no_json_path() -> None:
    """Is refused, and not found empty."""
    with pytest.raises(BadPath):
        found({}, "$.[")


def test_parameters_of_a_request() -> None:
    """Each from where it says; what is not there is left out."""
    mapped = mapped_request(
        {
            "integration.request.header.X-Fixed": "'fixed'",
            "integration.request.header.X-Id": "method.request.path.id",
            "integration.request.header.X-Both": "method.request.multivalueheader.x-header",
            "integration.request.querystring.q": "method.request.multivaluequerystring.q",
            "integration.request.querystring.deep": "method.request.body.deep",
            "integration.request.querystring.none": "method.request.querystring.none",
            "integration.request.path.who": "context.authorizer.principalId",
            "integration.request.path.colour": "stageVariables.colour",
        },
        VIEW,
    )
    assert mapped.headers == {"X-Fixed": "fixed", "X-Id": "42", "X-Both": "one,two"}
    assert mapped.query == {"q": ["1", "2"], "deep": ['{"er":1,"x-y":true}']}
    assert mapped.path == {"who": "ada", "colour": "blue"}


def test_parameters_of_a_response() -> None:
    """Of the answer's headers and body, and of the context."""
    wanted = {
        "method.response.header.Access-Control-Allow-Origin": "'*'",
        "method.response.header.X-Was": "integration.response.header.X-Header",
        "method.response.header.X-Name": "integration.response.body.name",
        "method.response.header.X-Request": "context.requestId",
        "method.response.header.X-None": "integration.response.header.None",
    }
    fields = mapped_headers(wanted, VIEW, to="method.response.header.", of="integration.response.")
    assert fields == [
        ("Access-Control-Allow-Origin", "*"),
        ("X-Was", "two"),
        ("X-Name", "O'Brien"),
        ("X-Request", "r1"),
    ]


def test_variables_of_gateway_responses() -> None:
    """They are no Velocity: only variables are replaced."""
    view = VIEW._replace(context={**CONTEXT, "error": {"messageString": '"No"'}})
    template = '{"message":$context.error.messageString,"in":"$stageVariables.colour","#if":"$util.x"}'
    assert with_variables(template, view) == '{"message":"No","in":"blue","#if":"$util.x"}'


def test_what_a_template_is_given_stays_its_own() -> None:
    """A value that was put in is not seen by the next one."""
    assert render("#set($x = 1)$x", {}) == "1" and render("$x", {}) == ""
