"""What the gate `security` can say of files and pages, in the order in which it says it."""

from __future__ import annotations

from collections.abc import Mapping

from checks.rows import Kind, advice, refusal

_OWASP = (
    "https://owasp.org/www-project-web-security-testing-guide/stable/4-Web_Application_Security_Testing/"
    "02-Configuration_and_Deployment_Management_Testing/04-Review_Old_Backup_and_Unreferenced_Files_for_Sensitive_Information"
)
_CSP = "https://www.w3.org/TR/CSP3/"
_SRI = "https://www.w3.org/TR/sri-2/"
KINDS: Mapping[str, Kind] = {
    "exposed-secrets": refusal(
        "a file that holds passwords or keys would be published",
        "A file such as .env, .npmrc or a private key is in the output: everybody could read it.",
        "take it out of what the build copies (public/), and replace what is in it if it was ever published",
        _OWASP,
    ),
    "exposed-repository": refusal(
        "a part of the repository itself would be published",
        "With .git/ everybody can read all sources and all that was ever deleted from them.",
        "take the folder out of what the build copies to the output",
        _OWASP,
    ),
    "no-integrity": refusal(
        "it loads {about} from another origin without integrity",
        "Whoever controls that origin controls the page; with `integrity` a browser refuses a changed file.",
        "copy the file into the site, or add integrity=sha384-... and crossorigin=anonymous",
        _SRI,
    ),
    "mixed-content": refusal(
        "the browser was asked to load {about} without encryption",
        "Browsers block or upgrade what an https page loads by http; on the way everybody can read and change it.",
        "write https:// in the address, or copy the file into the site",
        "https://www.w3.org/TR/mixed-content/",
    ),
    "insecure-form": refusal(
        "a form sends what people type to {about} without encryption",
        "Browsers warn before such a form is sent, and everybody on the way can read it.",
        "write https:// in its action",
        "https://www.w3.org/TR/mixed-content/#requirements-forms",
    ),
    "csp-forbids": refusal(
        "its own content security policy forbids {about}",
        "The browser does not run what the policy in the page's meta element does not allow, so something is broken.",
        "move it into a script file, or add its hash to script-src",
        _CSP + "#directive-script-src",
    ),
    "source-map": advice(
        "a source map with the sources would be published",
        "Everybody can read the original sources, with their comments; fine where they are public anyway.",
        "leave source maps out of the production build (Vite, Astro: build.sourcemap: false)",
        "https://tc39.es/ecma426/",
    ),
    "exposed-files": advice(
        "a file that no visitor needs would be published",
        "Backups, lockfiles, logs and hidden files tell strangers how the site is made.",
        "take it out of what the build copies to the output",
        _OWASP,
    ),
    "third-party": advice(
        "the browser was asked for something of {about}",
        "Other origins learn who visits the page, and can change what they send.",
        "copy what is needed into the site, or load it after the visitor asked for it",
        "https://developer.mozilla.org/en-US/docs/Web/Security/Defenses/Same-origin_policy",
    ),
    "no-csp": advice(
        "no page has a content security policy; one that fits the site: {about}",
        "A policy tells the browser which scripts belong to the site, so that an injected one does not run.",
        'put it into the layout: <meta http-equiv="Content-Security-Policy" content="...">',
        _CSP + "#meta-element",
    ),
    "csp-unsafe": advice(
        "its content security policy allows {about}",
        "The policy then protects against little: an injected script would run as well.",
        "move inline scripts into files or add their hashes; use no eval",
        _CSP + "#csp-unsafe-inline",
    ),
    "csp-nonce": advice(
        "its content security policy relies on a nonce",
        "In a static file a nonce is the same for every visitor, so it keeps nothing away.",
        "use hashes of the scripts",
        _CSP + "#security-nonces",
    ),
    "csp-ignored": advice(
        "browsers ignore {about} of a policy in a meta element",
        "frame-ancestors, report-uri and sandbox count in HTTP headers only, and GitHub Pages sends none of them.",
        "leave it out",
        _CSP + "#meta-element",
    ),
    "csp-scripts": advice(
        "its content security policy is of little use: {about}",
        "Without script-src or default-src every script may run.",
        "add script-src 'self'",
        _CSP + "#directive-script-src",
    ),
    "script-url": advice(
        "a link runs a script: {about}",
        "Such a link does nothing without scripts, opens nothing in a new tab, and no strict policy allows it.",
        "use a button with an event listener",
        "https://developer.mozilla.org/en-US/docs/Web/URI/Reference/Schemes/javascript",
    ),
    "no-opener": advice(
        "a link opens {about} in a new tab without rel=noopener",
        "In browsers from before 2021 the opened page can send the tab behind it elsewhere.",
        "add rel=noopener",
        "https://html.spec.whatwg.org/multipage/links.html#link-type-noopener",
    ),
}
