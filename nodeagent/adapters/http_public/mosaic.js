"use strict";
const LIMIT = 5000; // ms a cell waits for its answer
const AT_ONCE = 6; // a browser opens no more connections to one host; a cell that queues would measure the queue
const by = (id) => document.getElementById(id);
const [form, grid, legend, said, detail] = ["form", "grid", "legend", "said", "cell"].map(by);
let round = 0;
let game = 0; // odd while it runs; what an earlier game still waits for is not shown
let timer = 0;
let results = [];

function element(name, text, kind) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

const colour = (number) => `c${((number - 1) % 6) + 1}`;
const ms = (value) => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;

async function ask(module) {
  const url = `/safekit/mosaic/who?m=${encodeURIComponent(module)}&c=${Math.random().toString(36).slice(2)}`;
  const begun = performance.now();
  try {
    const answer = await fetch(url, { cache: "no-store", credentials: "omit", signal: AbortSignal.timeout(LIMIT) });
    const told = await answer.json().catch(() => ({ error: `HTTP status ${answer.status}` }));
    const took = performance.now() - begun;
    if (!answer.ok) return { error: told.error || `HTTP status ${answer.status}`, took };
    return { node: told.node, number: told.colour, state: told.state || "", took };
  } catch (error) {
    const late = error.name === "TimeoutError";
    return { error: late ? `no answer in ${LIMIT / 1000} s` : "no connection", took: performance.now() - begun };
  }
}

function sentence(index) {
  const one = results[index];
  if (!one) return `Cell ${index + 1}: waiting`;
  if (one.error) return `Cell ${index + 1}: failed, ${one.error}, after ${ms(one.took)}`;
  return `Cell ${index + 1}: ${one.node}, ${ms(one.took)}${one.state ? `, ${one.state}` : ""}`;
}

function show(index) {
  const one = results[index];
  const cell = grid.children[index];
  cell.className = one.error ? "failed" : colour(one.number);
  cell.replaceChildren(element("b", one.error ? "✕" : one.number), element("small", one.error || ms(one.took)));
  cell.title = sentence(index);
  cell.setAttribute("aria-label", sentence(index));
  if (cell === document.activeElement) detail.textContent = sentence(index);
}

function summary() {
  const nodes = new Map();
  for (const one of results.filter(Boolean)) {
    const key = one.error ? `\u{10ffff}${one.error}` : one.node;
    if (!nodes.has(key)) nodes.set(key, []);
    nodes.get(key).push(one);
  }
  const rows = [...nodes.values()].sort((a, b) => (a[0].number || 1e9) - (b[0].number || 1e9));
  legend.tBodies[0].replaceChildren(
    ...rows.map((cells) => {
      const one = cells[0];
      const row = element("tr");
      const name = element("td");
      name.append(element("i", one.error ? "✕" : one.number, one.error ? "failed" : colour(one.number)));
      name.append(one.error || one.node);
      const middle = cells.map((cell) => cell.took).sort((a, b) => a - b)[Math.floor(cells.length / 2)];
      const share = `${((100 * cells.length) / results.length).toFixed(1)} %`;
      row.append(name, ...[cells.length, share, ms(middle), one.state || "–"].map((text) => element("td", text)));
      return row;
    })
  );
  legend.hidden = !rows.length;
  const failed = results.filter((one) => one && one.error).length;
  const parts = rows.filter((cells) => !cells[0].error).map((cells) => `${cells[0].node} ${cells.length}`);
  said.textContent = `Round ${round}: ${[...parts, ...(failed ? [`failed ${failed}`] : [])].join(", ")}.`;
  said.className = failed ? "red" : "";
}

async function play(mine) {
  round += 1;
  const module = by("module").value.trim();
  const count = Math.min(400, Math.max(1, Number(by("cells").value) || 30));
  while (grid.children.length > count) grid.lastElementChild.remove();
  while (grid.children.length < count) {
    const cell = element("li");
    cell.tabIndex = grid.children.length ? -1 : 0;
    grid.append(cell);
  }
  results = new Array(count);
  let next = 0;
  const work = async () => {
    while (next < count && mine === game) {
      const index = next++;
      const one = await ask(module);
      if (mine !== game) return;
      results[index] = one;
      show(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, work));
  if (mine !== game) return;
  summary();
  const every = Number(by("every").value);
  if (every) timer = setTimeout(play, every * 1000, mine);
  else stop();
}

function stop() {
  game += 1;
  clearTimeout(timer);
  by("start").textContent = "Start";
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (game % 2) return stop();
  game += 1;
  round = 0;
  by("start").textContent = "Stop";
  play(game);
});

grid.addEventListener("focusin", (event) => {
  detail.textContent = sentence([...grid.children].indexOf(event.target));
});

grid.addEventListener("keydown", (event) => {
  const cells = [...grid.children];
  const columns = getComputedStyle(grid).gridTemplateColumns.split(" ").length;
  const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns };
  if (!(event.key in steps)) return;
  event.preventDefault();
  const here = cells.indexOf(event.target);
  const there = cells[here + steps[event.key]];
  if (!there) return;
  event.target.tabIndex = -1;
  there.tabIndex = 0;
  there.focus();
});

const asked = new URLSearchParams(location.search);
if (asked.has("m")) by("module").value = asked.get("m");
if (asked.has("cells")) by("cells").value = asked.get("cells");
if (asked.has("start")) form.requestSubmit();
