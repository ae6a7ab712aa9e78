"use strict";

const METHODS = ["get", "post", "put", "patch", "delete"];

// Text only ever becomes a text node: a description cannot turn into markup.
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// A schema as a person would sketch it: {"email": "string", "name?": "string"}.
function sketch(schema, spec, depth = 0) {
  if (!schema || depth > 6) return "...";
  if (schema.$ref) return sketch(spec.components.schemas[schema.$ref.split("/").pop()], spec, depth + 1);
  const variants = schema.anyOf || schema.oneOf || schema.allOf;
  if (variants) {
    const found = variants.map((variant) => sketch(variant, spec, depth + 1));
    return found.every((item) => typeof item === "string") ? found.join(" | ") : found.find((item) => typeof item !== "string");
  }
  if (schema.enum) return schema.enum.join(" | ");
  if (schema.const !== undefined) return String(schema.const);
  if (schema.type === "array") return [sketch(schema.items, spec, depth + 1)];
  if (!schema.properties) return [schema.type, schema.format].filter(Boolean).join(", ") || "anything";
  const required = new Set(schema.required || []);
  return Object.fromEntries(Object.entries(schema.properties).map(([key, value]) =>
    [required.has(key) ? key : `${key}?`, sketch(value, spec, depth + 1)]));
}

function body(title, content, spec) {
  const [type, media] = Object.entries(content || {})[0] || [];
  if (!media) return [];
  return [element("p", {}, `${title} (${type})`), element("pre", {}, JSON.stringify(sketch(media.schema, spec), null, 2))];
}

function operation(method, path, details, spec) {
  const signedIn = (details.security || spec.security || []).length > 0;
  const inside = element("div", {}, element("p", {}, details.description || ""));
  for (const p of details.parameters || []) {
    inside.append(element("p", {}, element("code", {}, p.name), ` in ${p.in}${p.required ? ", required" : ""}: ${p.description || JSON.stringify(sketch(p.schema, spec))}`));
  }
  inside.append(...body("Request", details.requestBody && details.requestBody.content, spec));
  for (const [status, described] of Object.entries(details.responses || {})) {
    const answer = described.$ref ? spec.components.responses[described.$ref.split("/").pop()] : described;
    inside.append(element("p", {}, element("code", {}, status), ` ${answer.description || ""}`));
    if (status.startsWith("2")) inside.append(...body("Answer", answer.content, spec));
  }
  const head = element("summary", {}, element("b", {}, method.toUpperCase()), element("code", {}, path),
    element("span", {}, `${details.deprecated ? "deprecated: " : ""}${details.summary || ""}${signedIn ? " (signed in)" : ""}`));
  return element("details", { "data-text": `${method} ${path} ${details.summary || ""}`.toLowerCase() }, head, inside);
}

function topic(name) {
  const known = document.getElementById(name);
  if (known) return known;
  document.getElementById("contents").append(element("a", { href: `#${name}` }, name));
  const place = element("section", { id: name }, element("h2", {}, name));
  document.getElementById("topics").append(place);
  return place;
}

async function show() {
  try {
    const answer = await fetch("/openapi.json");
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const spec = await answer.json();
    for (const [path, item] of Object.entries(spec.paths)) {
      for (const method of METHODS) {
        if (item[method]) topic((item[method].tags || ["other"])[0]).append(operation(method, path, item[method], spec));
      }
    }
  } catch (error) {
    const text = `The description cannot be read now (${error.message}). Reload in a few seconds.`;
    document.getElementById("topics").append(element("p", {}, text));
  }
}

show();

document.getElementById("filter").addEventListener("input", (event) => {
  const wanted = event.target.value.trim().toLowerCase();
  for (const entry of document.querySelectorAll("details")) entry.hidden = !entry.dataset.text.includes(wanted);
});
