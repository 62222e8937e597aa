// The console in a real browser: each page at two widths, light and dark, without a
// violation of WCAG 2.2 AA by axe-core, a sideways scroll or an error; then what people
// come for, by clicking and by keyboard alone. Screenshots go into a folder; console.png
// among them is the picture that the README shows, internal/demo/console.png.
//
//   node browser.mjs URL PASSWORD FOLDER
//
// It needs Chromium, and puppeteer-core and axe-core in NODE_PATH. The store is that of
// winnow demo --serve.
import {createRequire} from "node:module";
import fs from "node:fs";

const require = createRequire(process.env.NODE_PATH + "/");
const puppeteer = require("puppeteer-core");
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const [base, password, folder] = process.argv.slice(2);
const wcag = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
let failures = 0;
const fail = (what) => { failures++; console.log("FAIL " + what); };

const browser = await puppeteer.launch({executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]});
const page = await browser.newPage();
page.on("console", (m) => { if (m.type() === "error") fail("the browser's console: " + m.text()); });
page.on("pageerror", (e) => fail("a script: " + e.message));
page.on("request", (r) => { if (!r.url().startsWith(base) && !r.url().startsWith("data:")) fail("a request to " + r.url()); });

const open = async (path) => {
  const answer = await page.goto(base + path, {waitUntil: "load"});
  if (answer.status() !== 200) fail(`${path} is answered ${answer.status()}`);
};
const text = () => page.evaluate(() => document.querySelector("main").innerText);
const expect = async (what, pattern) => {
  if (pattern.test(await text())) console.log("ok   " + what);
  else fail(`${what}: the page does not say ${pattern}: ${(await text()).slice(0, 400)}`);
};

// button finds the button or the link with that text.
const button = async (name) => {
  for (const handle of await page.$$("main button, main a")) {
    if ((await handle.evaluate((e) => e.innerText.trim())) === name) return handle;
  }
  fail(`${page.url()} has no button ${name}`);
  return null;
};
const click = async (name) => {
  const handle = await button(name);
  if (handle) await Promise.all([page.waitForNavigation({waitUntil: "load"}), handle.click()]);
};

// tabTo moves the focus by the Tab key alone to what matches.
const tabTo = async (matches, most = 300) => {
  for (let i = 0; i < most; i++) {
    await page.keyboard.press("Tab");
    if (await page.evaluate(matches)) return true;
  }
  fail("the Tab key does not reach what was looked for on " + page.url());
  return false;
};

await open("/");
await page.type("#token", password);
await page.type("#name", "ali");
await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);

// Pages that the navigation and a look at one of each lead to.
await open("/runs/nightly");
const held = await page.evaluate(() => [...document.querySelectorAll("main a")].map((a) => a.getAttribute("href")).find((h) => /^\/runs\/nightly\/[0-9TZ-]+$/.test(h)));
const pages = ["/", "/?days=90", "/segments", "/segments/reachable", "/runs", "/runs/nightly", held, "/surges", "/surges/1", "/rules", "/rules/policies", "/rules/check", "/journal", "/journal/1", "/quarantine", "/contacts?q=crm-00017"];
const row = (path, width, scheme, violations, passes) => console.log([path.padEnd(34), String(width).padStart(5), scheme.padEnd(6), String(violations).padStart(10), String(passes).padStart(6)].join("  "));
let pictures = 0;
row("page", "width", "scheme", "violations", "passes");
for (const path of pages) {
  for (const width of [1440, 390]) {
    for (const scheme of ["light", "dark"]) {
      await page.setViewport({width, height: 900});
      await page.emulateMediaFeatures([{name: "prefers-color-scheme", value: scheme}]);
      await open(path);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      if (wide > width) fail(`${path} scrolls sideways at ${width}: ${wide}`);
      await page.screenshot({path: `${folder}/${path.replace(/[^a-z0-9]+/gi, "_")}-${width}-${scheme}.png`, fullPage: true});
      pictures++;
      await page.evaluate(axe);
      const result = await page.evaluate((runOnly) => window.axe.run(document, {runOnly}), wcag);
      for (const v of result.violations) fail(`${path} at ${width}, ${scheme}: ${v.id} (${v.impact}): ${v.nodes[0].html.slice(0, 200)}`);
      row(path, width, scheme, result.violations.length, result.passes.length);
    }
  }
}
await page.emulateMediaFeatures([{name: "prefers-color-scheme", value: "light"}]);
await page.setViewport({width: 1180, height: 960});
await open("/");
await page.screenshot({path: `${folder}/console.png`});
await page.setViewport({width: 1440, height: 900});

// A held run is released and a surge discarded by clicking.
await open(held);
if (await page.$("input[name=stale]")) await page.click("input[name=stale]");
await click("Release");
await expect("a held run is released", /released/i);
await open("/surges/1");
await click("It was the carrier: Discard");
await expect("a surge is discarded", /discarded/i);

// A contact is found and allowed by clicking, and another one by keyboard alone.
const suppressed = await page.evaluate(async () => (await (await fetch("/segments/do-not-text.csv")).text()).split("\n").slice(1).map((l) => l.split(",")).filter(([, reasons]) => reasons === "hard_bounce").map(([key]) => key));
await open("/");
await page.type("#find", suppressed[0]);
await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
await click("Allow");
await expect("a contact is allowed by clicking", /hard_bounce was lifted from/);

await open("/");
await tabTo(() => document.activeElement.id === "find");
await page.keyboard.type(suppressed[1]);
await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
if (await tabTo(() => document.activeElement.innerText === "Allow")) {
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
  await expect("a contact is allowed by keyboard", /hard_bounce was lifted from/);
}
await open("/journal");
await expect("what was done is in the journal, signed", /console:ali/);

await browser.close();
console.log(failures === 0 ? "the console passes" : `${failures} failures`);
console.log(`${pictures} screenshots of ${pages.length} pages, and console.png, are in ${folder}`);
process.exit(failures === 0 ? 0 : 1);
