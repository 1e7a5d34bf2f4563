// Swagger UI over our OpenAPI document. Added to it: a request becomes a link, which opens it again without the key;
// the key is in nothing that may be copied; every field has a name; no stream is tried, whose end it would await.

const place = document.getElementById("reference");

const ui = globalThis.SwaggerUIBundle({
  domNode: place,
  url: "/openapi.json",
  layout: "BaseLayout",
  plugins: [() => ({
    wrapComponents: { execute: withLink, curl: withoutKey },
    statePlugins: { spec: { wrapSelectors: { allowTryItOutFor: () => ends } } },
  })],
  tryItOutEnabled: true,
  defaultModelsExpandDepth: -1,
  validatorUrl: null,
  syntaxHighlight: false, // its colours fall short of the contrast that people need
  // The key that was typed here, not a log-in's cookie; nor does the browser ask for one by itself when it is wrong.
  requestInterceptor: (request) => ({ ...request, credentials: "omit" }),
  onComplete: reopen,
});

function ends(spec, path, method) {
  return !spec.hasIn(["json", "paths", path, method, "responses", "200", "content", "text/event-stream"]);
}

function withLink(Execute, { React }) {
  return (props) => React.createElement(
    React.Fragment,
    null,
    React.createElement(Execute, props),
    React.createElement("button", { className: "btn", type: "button", onClick: (event) => copy(event.target, link(props)) }, "Copy link"),
  );
}

function withoutKey(Curl, { React }) {
  const shown = (headers) => headers?.filter((_, name) => name.toLowerCase() !== "authorization");
  return (props) => React.createElement(Curl, { ...props, request: props.request.update("headers", shown) });
}

// What of a request is not a parameter, by its key in a link.
const parts = {
  content_type: {
    read: (path, method) => ui.oas3Selectors.requestContentType(path, method),
    write: (path, method, value) => ui.oas3Actions.setRequestContentType({ value, pathMethod: [path, method] }),
  },
  body: {
    read: (path, method) => ui.oas3Selectors.requestBodyValue(path, method),
    write: (path, method, value) => ui.oas3Actions.setRequestBodyValue({ value, pathMethod: [path, method] }),
  },
  accept: {
    read: (path, method) => ui.oas3Selectors.responseContentType(path, method),
    write: (path, method, value) => ui.oas3Actions.setResponseContentType({ value, path, method }),
  },
};

const nameOf = (path, method) => `${method}${path}`.replaceAll(/\W/g, "_");
const parametersOf = (path, method) => ui.specSelectors.specJson().getIn(["paths", path, method, "parameters"]) ?? [];

function link({ path, method }) {
  const query = new URLSearchParams();
  const add = (name, value) => value && query.set(name, value);
  for (const parameter of parametersOf(path, method)) {
    add(parameter.get("name"), ui.specSelectors.parameterWithMetaByIdentity([path, method], parameter).get("value"));
  }
  for (const [name, part] of Object.entries(parts)) add(name, part.read(path, method));
  return `${location.origin}/docs?${query}#${nameOf(path, method)}`;
}

// The link goes into the address as well: without HTTPS there is no clipboard.
async function copy(button, address) {
  history.replaceState(null, "", address);
  const copied = await navigator.clipboard?.writeText(address).then(() => true, () => false);
  const said = copied ? "Copied" : "Now in the address bar";
  button.textContent = said;
  document.getElementById("said").textContent = said;
}

function* operations() {
  for (const [path, methods] of ui.specSelectors.specJson().get("paths")) {
    for (const [method, operation] of methods) yield { path, method, operation };
  }
}

// Opens the request that the address names, filled in as the address says.
function reopen() {
  const name = location.hash.slice(1);
  for (const { path, method, operation } of operations()) {
    if (nameOf(path, method) !== name) continue;
    fill(path, method, new URLSearchParams(location.search));
    ui.layoutActions.show(["operations", operation.getIn(["tags", 0]), name], true);
    requestAnimationFrame(() => place.querySelector(`.opblock[id$="-${name}"]`)?.scrollIntoView());
  }
}

function fill(path, method, query) {
  for (const parameter of parametersOf(path, method)) {
    const [name, where] = [parameter.get("name"), parameter.get("in")];
    if (query.has(name)) ui.specActions.changeParam([path, method], name, where, query.get(name));
  }
  for (const [name, part] of Object.entries(parts)) {
    if (query.has(name)) part.write(path, method, query.get(name));
  }
}

// Swagger UI leaves fields without a name for those who do not see what stands beside them.
function label() {
  for (const field of place.querySelectorAll("select:not([aria-label]), textarea:not([aria-label]), tr input:not([aria-label])")) {
    field.setAttribute("aria-label", field.closest("[data-param-name]")?.dataset.paramName ?? "Body");
  }
  name(".copy-to-clipboard button", "Copy");
  name(".close-modal", "Close the window");
}

function name(buttons, said) {
  for (const button of place.querySelectorAll(`${buttons}:not([aria-label])`)) button.setAttribute("aria-label", said);
}

new MutationObserver(label).observe(place, { childList: true, subtree: true });
