#!/usr/bin/env python3
"""Writes fields.json: every message of the Kubernetes API with its fields. See README.md.

usage: generate.py K8S_PB_SRC K8S_OPENAPI_SRC GO_SOURCES... > fields.json

K8S_PB_SRC       `src` of the crate k8s-pb: which messages and fields exist, with protobuf tags
K8S_OPENAPI_SRC  `src/v1_NN` of the crate k8s-openapi: exact names, for what the Go sources lack
GO_SOURCES       unpacked Go modules as PREFIX=DIR, such as api=DIR and apimachinery=DIR: exact
                 JSON names, pointers, omitempty, Go types and markers
"""
import json
import os
import re
import sys

# Facts of modules that are not among the usual Go sources: Go pointers to scalars, and messages
# that are Go values. (apiextensions-apiserver and kube-aggregator, v1.35)
POINTERS = {
    "apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps": {
        "$ref", "x-kubernetes-list-type", "x-kubernetes-map-type"},
    "apiextensions_apiserver.pkg.apis.apiextensions.v1.ValidationRule": {"reason", "optionalOldSelf"},
    "apiextensions_apiserver.pkg.apis.apiextensions.v1.WebhookClientConfig": {"url"},
    "apiextensions_apiserver.pkg.apis.apiextensions.v1.ServiceReference": {"path"},
    "apiextensions_apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionVersion": {"deprecationWarning"},
    "apiextensions_apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresourceScale": {"labelSelectorPath"},
}
VALUES = {
    "apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps": {
        "exclusiveMaximum", "exclusiveMinimum", "uniqueItems", "nullable",
        "x-kubernetes-embedded-resource", "x-kubernetes-int-or-string"},
    "apiextensions_apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionVersion": {"deprecated"},
    "apiextensions_apiserver.pkg.apis.apiextensions.v1.CustomResourceColumnDefinition": {"priority"},
    "apiextensions_apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionCondition": {
        "lastTransitionTime", "observedGeneration"},
    "kube_aggregator.pkg.apis.apiregistration.v1.APIServiceSpec": {"insecureSkipTLSVerify"},
    "kube_aggregator.pkg.apis.apiregistration.v1.APIServiceCondition": {"lastTransitionTime"},
}
# Types written as something else than an object, whatever they look like in protobuf.
SPECIAL = {
    "apimachinery.pkg.api.resource.Quantity": "quantity",
    "apimachinery.pkg.util.intstr.IntOrString": "intOrString",
    "apimachinery.pkg.apis.meta.v1.Time": "time",
    "apimachinery.pkg.apis.meta.v1.MicroTime": "microTime",
    "apimachinery.pkg.apis.meta.v1.Duration": "duration",
    "apimachinery.pkg.apis.meta.v1.FieldsV1": "fieldsV1",
    "apimachinery.pkg.runtime.RawExtension": "rawExtension",
}
SPECIAL_NAMES = {
    "JSON": "json", "JSONSchemaPropsOrBool": "schemaOrBool", "JSONSchemaPropsOrArray": "schemaOrArray",
    "JSONSchemaPropsOrStringArray": "schemaOrStrings", "Verbs": "strings", "ExtraValue": "strings",
}
# `omitzero` came after the Go sources that are at hand.
OMIT_ZERO = {("apimachinery.pkg.apis.meta.v1.ObjectMeta", "creationTimestamp")}
TIMES = {"time", "microTime", "duration"}


class GoField:
    def __init__(self, name, go_type, tag, markers):
        self.name, self.markers = name, markers
        self.pointer = go_type.startswith("*")
        self.go_type = go_type.lstrip("*")
        tag_json = re.search(r'json:"([^"]*)"', tag)
        parts = tag_json.group(1).split(",") if tag_json else [name]
        self.json, options = parts[0], parts[1:]
        self.inline = "inline" in options or (not self.json and "omitempty" not in options)
        self.omitempty = "omitempty" in options
        proto = re.search(r'protobuf:"[a-z0-9]+,(\d+)', tag)
        self.tag = int(proto.group(1)) if proto else None
        for key in ("patchStrategy", "patchMergeKey"):
            found = re.search(key + r':"([^"]*)"', tag)
            if found:
                self.markers.setdefault(key, [found.group(1)])


def markers_of(comments):
    found = {}
    for comment in comments:
        match = re.match(r"\+([\w:]+)(?:=(.*))?$", comment)
        if match:
            found.setdefault(match.group(1), []).append(match.group(2))
    return found


def go_package(directory, prefix):
    """Structs and other named types of one Go package."""
    structs, named = {}, {}
    for name in sorted(os.listdir(directory)):
        if not name.endswith(".go") or name.endswith("_test.go") or "generated" in name:
            continue
        comments, block, struct, consts = [], [], None, False
        for line in open(os.path.join(directory, name), encoding="utf-8"):
            text = line.strip()
            if struct is None:
                if text.startswith("//"):
                    comments.append(text[2:].strip())
                    continue
                match = re.match(r"type (\w+) struct \{", text)
                if match:
                    struct = match.group(1)
                    structs[struct] = {"markers": markers_of(block + comments), "fields": [], "typeMeta": False}
                    if text.endswith("}"):
                        struct = None
                    comments, block = [], []
                    continue
                match = re.match(r"type (\w+) (?!struct|interface|func)=?\s*(\S.*?)(?: //.*)?$", text)
                if match:
                    named[match.group(1)] = match.group(2)
                if text:
                    comments, block = [], []
                else:  # markers may be set apart from the doc comment by a blank line
                    block, comments = comments, []
                continue
            if text == "}":
                struct, comments = None, []
                continue
            if text.startswith("//"):
                comments.append(text[2:].strip())
                continue
            match = re.match(r"(?:(\w+)\s+)?(\*?[\w.\[\]*]+)\s+`(.*)`", text)
            if match:
                field, go_type, tag = match.groups()
                if go_type.split(".")[-1] == "TypeMeta":
                    structs[struct]["typeMeta"] = True
                elif 'json:"-"' not in tag:
                    name_of = field or go_type.split(".")[-1].lstrip("*")
                    structs[struct]["fields"].append(GoField(name_of, go_type, tag, markers_of(comments)))
                comments = []
            elif not text:
                pass
            else:
                comments = []
    return structs, named


def go_sources(arguments):
    """module path as k8s-pb spells it -> (structs, named types, package name)"""
    packages = {}
    for argument in arguments:
        prefix, root = argument.split("=", 1)
        for directory, _, files in os.walk(root):
            if any(f.endswith(".go") for f in files) and "testdata" not in directory:
                module = ".".join([prefix] + os.path.relpath(directory, root).split(os.sep))
                structs, named = go_package(directory, prefix)
                packages[module] = (structs, named, os.path.basename(directory))
    return packages


def openapi_names(root):
    """type name -> (exact type name, {lowercase field: exact JSON name}, whether it is a kind)"""
    found = {}
    for directory, _, files in os.walk(root):
        for name in files:
            if not name.endswith(".rs"):
                continue
            source = open(os.path.join(directory, name), encoding="utf-8").read()
            schema = re.search(r'schema_name\(\)[^{]*\{\s*"([\w.\-]+)"', source)
            fields = re.findall(r'^\s*"([$A-Za-z][\w$-]*)" => Field::', source, re.M)
            if schema:
                full = schema.group(1)
                kind = "impl crate::Resource for" in source
                spelled = {re.sub(r"[^a-z0-9]", "", n.lower()): n for n in fields}
                full = full.replace("-apiserver.", "_apiserver.").replace("kube-agg", "kube_agg")
                found[full.lower()] = (full.split(".")[-1], spelled, kind)
    return found


def snake_to_camel(name):
    parts = name.strip("_").split("_")
    return parts[0] + "".join(part[:1].upper() + part[1:] for part in parts[1:])


def protobuf_messages(root):
    """k8s-pb path -> (markers, [(snake name, tag, kind, repeated, map value kind, markers)])"""
    messages = {}
    for directory, _, files in os.walk(root):
        for name in sorted(files):
            if not name.endswith(".rs"):
                continue
            path = os.path.relpath(os.path.join(directory, name), root)[:-3].split(os.sep)
            module = ".".join(path[:-1] if path[-1] == "mod" else path)
            source = open(os.path.join(directory, name), encoding="utf-8").read()
            source = re.sub(r"\n    pub [\w#]+:[^;{}#]*?,(?=\n(?:    ///|    #|    pub|\}))", one_line, source)
            comments, attribute, current = [], None, None
            for line in source.split("\n"):
                text = line.strip()
                struct = re.match(r"pub struct (\w+)", text)
                field = re.match(r"pub (?:r#)?(\w+): (.*),$", text)
                if text.startswith("///"):
                    comments.append(text[3:].strip())
                elif struct:
                    current = f"{module}.{struct.group(1)}"
                    messages[current] = (markers_of(comments), [])
                    comments = []
                    if text.endswith("{}"):
                        current = None
                elif text.startswith("#[prost("):
                    attribute = re.match(r"#\[prost\((.*)\)\]$", text).group(1)
                elif text == "}":
                    comments, attribute, current = [], None, None
                elif field and current and attribute:
                    tag = int(re.search(r'tag = "(\d+)"', attribute).group(1))
                    mapped = re.search(r'map = "([^"]*)"', attribute)
                    kind = attribute.split(",")[0].split("=")[0].strip()
                    rust = field.group(2)
                    if mapped:
                        kind = mapped.group(1).split(",")[1].strip()
                        rust = re.search(r"BTreeMap<\s*[\w:]+,\s*(.*?)\s*>$", rust).group(1)
                    if kind == "message":
                        kind = resolve(module, rust)
                    row = (field.group(1), tag, kind, ", repeated" in attribute, bool(mapped), markers_of(comments))
                    messages[current][1].append(row)
                    comments, attribute = [], None
                elif not text.startswith("#[") and not text:
                    comments = []
    return messages


def one_line(declaration):
    """A field whose type is broken over several lines, put on one."""
    joined = re.sub(r"\s*\n\s+", " ", declaration.group(0).strip())
    return "\n    " + re.sub(r",? >", ">", joined).replace("< ", "<")


def resolve(module, rust):
    for wrapper in ("core::option::Option", "prost::alloc::vec::Vec", "prost::alloc::boxed::Box"):
        rust = re.sub(r"^::" + wrapper + r"<\s*(.*?)\s*,?>$", r"\1", rust)
    base, parts = module.split("."), rust.split("::")
    while parts[0] == "super":
        base.pop()
        parts.pop(0)
    if parts[0] == "crate":
        base = []
        parts.pop(0)
    return ".".join(base + parts)


def module_of(path):
    return path.rsplit(".", 1)[0]


def go_named(go_type, packages, module):
    """`PullPolicy` -> `v1.PullPolicy`, as Go's reflection spells the type."""
    match = re.match(r"^((?:\[\]|map\[[\w.]+\])*)\*?([\w.]+)$", go_type)
    prefix, base = match.groups()
    builtin = {"string", "bool", "int32", "int64", "int", "byte", "float64", "uint32", "uint64", "uint8"}
    if base not in builtin and "." not in base:
        base = f"{packages[module][2]}.{base}"
    base = re.sub(r"^metav1\.", "v1.", re.sub(r"^apiextensionsv1\.", "v1.", re.sub(r"^corev1\.", "v1.", base)))
    prefix = re.sub(r"map\[([A-Z]\w*)\]", lambda m: f"map[{packages[module][2]}.{m.group(1)}]", prefix)
    return prefix + base


def main(pb_root, openapi_root, *go_arguments):
    packages = go_sources(go_arguments)
    openapi = openapi_names(openapi_root)
    messages = protobuf_messages(pb_root)

    go_of, names = {}, {}
    for path in messages:
        module, short = path.rsplit(".", 1)
        structs, named, _ = packages.get(module, ({}, {}, ""))
        exact = next((n for n in structs if n.lower() == short.lower()), None)
        also = next((n for n in named if n.lower() == short.lower()), None)
        spelled = openapi.get(f"io.k8s.{path}".lower())
        go_of[path] = structs.get(exact)
        names[path] = f"{module}.{exact or also or (spelled and spelled[0]) or acronym(short)}"

    by_lower = {path.lower(): path for path in messages}

    def type_name(kind):
        if "." not in kind:
            return kind
        full = names[by_lower[kind.lower()]]
        return SPECIAL.get(full) or SPECIAL_NAMES.get(full.rsplit(".", 1)[1]) or full

    out = {}
    for path, (message_markers, rows) in messages.items():
        if path.startswith("lib."):
            continue
        module, name = module_of(path), names[path]
        struct, spelled = go_of[path], openapi.get(f"io.k8s.{path}".lower())
        entry = {"fields": {}}
        markers = dict(message_markers, **(struct["markers"] if struct else {}))
        if struct and struct["typeMeta"] or not struct and (spelled and spelled[2] or name.endswith("List")):
            entry["typeMeta"] = True
        if "atomic" in markers.get("structType", []):
            entry["atomic"] = True
        by_tag = {field.tag: field for field in struct["fields"] if field.tag} if struct else {}
        for snake, tag, kind, repeated, mapped, comment in rows:
            field = {"tag": tag, "type": type_name(kind)}
            low = snake.replace("_", "").lower()
            go = by_tag.get(tag)
            if go and re.sub(r"[^a-z0-9]", "", go.json.lower() or go.name.lower()) != low and not go.inline \
                    and go.name.lower() != low:
                # $ref and friends differ from the protobuf name on purpose; anything else moved.
                go = None
            if repeated:
                field["repeated"] = True
            if mapped:
                field["map"] = True
            if go:
                json_name = go.json or snake_to_camel(snake)
                if go.inline:
                    field["inline"] = True
                    json_name = go.name
                pointer, omitempty = go.pointer, go.omitempty
                comment = dict(comment, **go.markers)
                named = go_named(go.go_type, packages, module)
                plain = {"bytes": "uint8", "double": "float64"}.get(kind, kind)
                derived = short_go(field["type"], plain)
                derived = f"[]{derived}" if repeated or kind == "bytes" else f"map[string]{derived}" if mapped else derived
                if named != derived and named.replace("[]byte", "[]uint8") != derived:
                    field["go"] = named
            else:
                exact = (spelled[1] if spelled else {}).get(low)
                json_name = exact or snake_to_camel(snake)
                optional = "optional" in comment
                message = "." in kind
                omitempty = optional or json_name == "metadata"
                pointer = optional and not repeated and not mapped and kind not in ("string", "bytes") \
                    and json_name not in ("metadata", "spec", "status")
                if name in POINTERS and json_name in POINTERS[name]:
                    pointer = True
                if name in VALUES and json_name in VALUES[name]:
                    pointer = False
                if name.endswith("JSONSchemaProps"):
                    omitempty = True
                    pointer = pointer or (json_name not in VALUES.get(name, ()) and not repeated and not mapped and kind not in ("string",))
                if spelled and message and not repeated and not mapped and not exact:
                    inner = {row[0].replace("_", "").lower() for row in messages[by_lower[kind.lower()]][1]}
                    if inner and inner <= set(spelled[1]):
                        field["inline"] = True
                        pointer = omitempty = False
            if pointer:
                field["pointer"] = True
            if omitempty:
                field["omitempty"] = True
            if (name, json_name) in OMIT_ZERO:
                field["omitzero"] = True
            for key in ("patchStrategy", "patchMergeKey", "listType", "mapType"):
                if comment.get(key):
                    field[key] = comment[key][0]
            if comment.get("listMapKey"):
                field["listMapKeys"] = comment["listMapKey"]
            if comment.get("default"):
                field["default"] = literal(comment["default"][0])
                if field["default"] is None:
                    del field["default"]
            entry["fields"][json_name] = field
        out[name] = entry
    lines = (f"{json.dumps(n)}: {json.dumps(out[n], sort_keys=True, separators=(',', ':'))}" for n in sorted(out))
    print("{\n" + ",\n".join(lines) + "\n}")


def short_go(type_name, plain):
    """The Go spelling of the type of one element."""
    specials = {"quantity": "resource.Quantity", "intOrString": "intstr.IntOrString", "time": "v1.Time",
                "microTime": "v1.MicroTime", "duration": "v1.Duration", "fieldsV1": "v1.FieldsV1",
                "rawExtension": "runtime.RawExtension"}
    if type_name in specials:
        return specials[type_name]
    if "." in type_name:
        return ".".join(type_name.split(".")[-2:])
    return plain


def literal(text):
    try:
        return json.loads(text)
    except ValueError:
        return {"ref(AzureDataDiskCachingReadWrite)": "ReadWrite", "ref(AzureSharedBlobDisk)": "Shared"}.get(text)


def acronym(name):
    """k8s-pb writes `JsonSchemaProps`; Go writes acronyms in capitals."""
    for word in ("Json", "Api", "Http", "Ip", "Csi", "Cidr", "Url", "Uid"):
        name = re.sub(word + r"(?=[A-Z]|$|s$)", word.upper(), name)
    return name


if __name__ == "__main__":
    main(*sys.argv[1:])
