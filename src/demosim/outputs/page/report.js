"use strict";
// The page: everything it shows is in the script element with id "data"; nothing is fetched.
(() => {
  const page = JSON.parse(document.getElementById("data").textContent);
  const state = { lang: document.documentElement.lang, region: 0, sort: null, down: false };
  const byId = (id) => document.getElementById(id);
  const word = (key, values = {}) =>
    page.words[state.lang][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const regionName = (at) => page.regions[at].name[state.lang];

  // Elements are made, never parsed from text: what comes from a scenario stays text.
  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name === "onclick") element.addEventListener("click", value);
      else element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  };

  const number = (value, decimals) => {
    if (value === null || value === undefined) return "–";
    const rounded = Math.abs(Math.round(value * 10 ** decimals)) / 10 ** decimals;
    const text = new Intl.NumberFormat(state.lang === "en" ? "en" : "nb-NO", {
      minimumFractionDigits: decimals, maximumFractionDigits: decimals, useGrouping: "always",
    }).format(rounded).replace(/[\u202f ]/g, "\u00a0");
    return value < 0 && rounded > 0 ? "\u2212" + text : text;
  };
  const shown = (value, column) => {
    if (value === null || column.text) return value === null ? "–" : String(value);
    if (column.money) return number(value, Math.abs(value) >= 1000 ? 0 : Math.abs(value) >= 10 ? 1 : 2);
    if (!column.percent) return number(value, column.decimals);
    return number(100 * value, column.decimals) + (state.lang === "en" ? "%" : "\u00a0%");
  };

  const placeOf = (panel) => (panel.values.length > 1 ? state.region : 0);
  const panelRows = (panel, labels) => {
    const place = placeOf(panel), rows = [];
    panel.series.forEach((key, series) => labels.points.forEach((x, point) => {
      const value = panel.values[place][series][point];
      if (value !== null) {
        rows.push({ x, k: key, s: labels.series[series], o: series, v: value, t: number(value, panel.decimals[place]) });
      }
    }));
    return rows;
  };
  const mapRows = (map, labels) => map.codes.map((code, at) => ({
    ...page.shapes[at], code, x: map.names[at], s: labels.series[map.classes[at]], v: map.values[at],
    t: number(map.values[at], map.decimals), picked: page.regions[state.region].code === code,
  }));

  const sums = (values) => values[0].map((_, point) => values.reduce((sum, line) => sum + (line[point] ?? 0), 0));
  const describe = (panel, labels) => {
    const place = placeOf(panel), values = panel.values[place], decimals = panel.decimals[place];
    const lines = panel.sums ? [[word("total"), sums(values)]] : values.map((line, at) => [labels.series[at], line]).slice(0, 8);
    if (panel.listed) {
      const told = labels.points.slice(0, 8).map((x, point) => [x, values.map((line) => line[point])]).filter(([, cells]) => !cells.includes(null));
      return `${labels.title}, ${regionName(place)}. ${labels.unit}. ${told.map(([x, cells]) =>
        `${x}: ${cells.map((cell, at) => `${number(cell, decimals)} (${labels.series[at]})`).join(", ")}`).join("; ")}.`;
    }
    const [first, last] = [labels.points[0], labels.points.at(-1)];
    const parts = lines.filter(([, line]) => line[0] !== null && line.at(-1) !== null).map(([name, line]) =>
      `${name}: ${number(line[0], decimals)} (${first}), ${number(line.at(-1), decimals)} (${last})`);
    return `${labels.title}, ${regionName(place)}. ${labels.unit}. ${parts.join("; ")}.`;
  };
  const describeMap = (map, labels) => {
    const parts = labels.series.map((name, at) => `${name}: ${map.classes.filter((found) => found === at).length}`);
    const ends = [Math.min(...map.values), Math.max(...map.values)].map((value) =>
      `${map.names[map.values.indexOf(value)]} ${number(value, map.decimals)}`);
    return `${labels.title}. ${labels.unit}. ${parts.join("; ")}. ${ends[0]} – ${ends[1]}.`;
  };

  const numberTable = (panel, labels) => {
    const place = placeOf(panel), values = panel.values[place], decimals = panel.decimals[place];
    const kept = values.map((_, at) => at).filter((at) => values[at].some((value) => value !== null));
    const heads = [labels.x, ...kept.map((at) => labels.series[at]), ...(panel.sums ? [word("total")] : [])];
    const total = panel.sums ? sums(values) : null;
    const body = labels.points.map((x, point) => make("tr", {}, make("th", { scope: "row" }, x),
      ...kept.map((at) => make("td", {}, number(values[at][point], decimals))),
      ...(total ? [make("td", {}, number(total[point], decimals))] : [])));
    return make("table", {}, make("caption", {}, `${labels.title}, ${regionName(place)} (${labels.unit})`),
      make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head)))),
      make("tbody", {}, ...body));
  };

  // The drawing is silent; what it shows is said by the label around it and by the table below it.
  const canvas = (label) => {
    const drawing = make("div", { class: "drawing", "aria-hidden": "true" });
    return [make("div", { class: "chart", role: "img", "aria-label": label }, drawing), drawing];
  };
  const heights = { pyramid: 440, tornado: 440 };
  // As many columns of the legend as there is room for, and only series that the place has.
  const fitted = (spec, names, width) => {
    if (Array.isArray(spec)) return spec.map((part) => fitted(part, names, width));
    if (spec === null || typeof spec !== "object") return spec;
    const copy = Object.fromEntries(Object.entries(spec).map(([key, part]) => [key, fitted(part, names, width)]));
    if (spec.legend && spec.scale) {
      const values = spec.scale.domain.filter((name) => names.includes(name));
      const column = 42 + Math.round(6.4 * Math.max(0, ...values.map((name) => name.length)));
      copy.legend = { ...spec.legend, values, columns: Math.max(1, Math.floor(width / column)) };
    }
    if (spec.labelAlign === "left") copy.labelLimit = width - 12;
    return copy;
  };
  let latest = 0;
  const embed = async (target, spec, rows, height, turn) => {
    const cell = 230, across = Math.max(1, Math.floor(target.clientWidth / cell));
    const sized = spec.facet ? { columns: across } : { width: "container", height };
    if (spec.facet) spec = { ...spec, spec: { ...spec.spec, width: Math.floor(target.clientWidth / across) - 75 } };
    const names = [...new Set(rows.map((row) => row.s))];
    const full = { ...fitted(spec, names, target.clientWidth), ...sized, config: page.config, data: { name: "rows", values: rows } };
    const result = await window.vegaEmbed(target, full, {
      actions: false, renderer: "svg", ast: true, defaultStyle: false, tooltip: { theme: "custom", disableDefaultStyle: true },
      formatLocale: page.locale[state.lang],
    });
    if (turn !== latest) result.finalize();
    return result.view;
  };

  const drawPanels = async (turn) => {
    for (const panel of page.panels) {
      const labels = panel.words[state.lang], figure = byId(`figure-${panel.key}`);
      const [chart, drawing] = canvas(describe(panel, labels));
      figure.replaceChildren(
        make("h3", {}, labels.title),
        make("p", { class: "note" }, `${regionName(placeOf(panel))}, ${labels.unit}`),
        chart,
        ...(labels.note ? [make("figcaption", {}, labels.note)] : []),
        make("details", {}, make("summary", {}, word("page_numbers")),
          make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": labels.title }, numberTable(panel, labels))));
      const rows = panelRows(panel, labels);
      if (!rows.length) {
        const region = page.regions[state.region], hint = region.kind === "municipality" ? panel.hint.replace("{code}", region.code) : "";
        figure.replaceChildren(make("h3", {}, labels.title),
          make("p", { class: "note" }, word("page_no_numbers", { place: regionName(state.region) }), ...(hint ? [" ", make("code", {}, hint)] : [])));
        continue;
      }
      await embed(drawing, panel.spec[state.lang], rows, heights[panel.key] ?? 320, turn);
      if (turn !== latest) return;
    }
  };
  const drawMaps = async (turn) => {
    for (const map of page.maps) {
      const labels = map.words[state.lang], figure = byId(`figure-${map.key}`);
      const [chart, drawing] = canvas(describeMap(map, labels));
      figure.replaceChildren(make("h3", {}, labels.title), chart, make("figcaption", {}, labels.unit));
      const view = await embed(drawing, map.spec[state.lang], mapRows(map, labels), 520, turn);
      view.addEventListener("click", (_, item) => item?.datum?.code && pick(regionOf(item.datum.code)));
      if (turn !== latest) return;
    }
  };
  const draw = async () => {
    const turn = ++latest;
    document.body.dataset.ready = "no";
    await drawPanels(turn);
    if (turn === latest) await drawMaps(turn);
    if (turn === latest) document.body.dataset.ready = "yes";
  };

  const drawKey = () => {
    byId("key-heading").textContent = regionName(state.region);
    byId("key-note").textContent = page.keyNotes[state.lang].join(" ");
    const known = page.columns.filter((column) => !column.text && page.places[state.region][column.at] !== null);
    const rows = known.map((column) => make("tr", {},
      make("th", { scope: "row" }, column.label[state.lang]), make("td", {}, shown(page.places[state.region][column.at], column))));
    byId("key").replaceChildren(make("table", {},
      make("caption", {}, word("page_key")),
      make("thead", {}, make("tr", {}, make("th", { scope: "col", class: "text" }, word("column_figure")), make("th", { scope: "col" }, word("column_value")))),
      make("tbody", {}, ...rows)));
  };

  const sortBy = (at) => {
    state.down = state.sort === at ? !state.down : false;
    state.sort = at;
    drawTable();
    byId("municipalities").querySelectorAll("thead button")[at].focus();
  };
  const drawTable = () => {
    const columns = page.columns.filter((column) => column.inTable);
    const wanted = byId("search").value.trim().toLocaleLowerCase(state.lang);
    const rows = page.municipalities.filter((at) => page.search[at].includes(wanted));
    if (state.sort !== null) {
      const column = columns[state.sort];
      const text = new Intl.Collator(state.lang === "en" ? "en" : "nb");
      const value = (at) => page.places[at][column.at];
      rows.sort((one, two) => (value(one) === null) - (value(two) === null)
        || (column.text ? text.compare(value(one), value(two)) : value(one) - value(two)) * (state.down ? -1 : 1));
    }
    const heads = columns.map((column, at) => make("th", {
      scope: "col", "aria-sort": state.sort === at ? (state.down ? "descending" : "ascending") : "none",
    }, make("button", { type: "button", onclick: () => sortBy(at) }, column.label[state.lang]),
    make("span", { class: "print", "aria-hidden": "true" }, column.label[state.lang])));
    const body = rows.map((at) => {
      const cells = columns.map((column, place) => place === 0
        ? make("th", { scope: "row" }, make("button", { type: "button", onclick: () => pick(at, true) }, page.places[at][column.at]))
        : make("td", column.text ? { class: "text" } : {}, shown(page.places[at][column.at], column)));
      return make("tr", at === state.region ? { "aria-current": "true" } : {}, ...cells);
    });
    byId("municipalities").replaceChildren(make("caption", {}, word("page_table_caption")),
      make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...body));
    byId("found").textContent = word("page_found", { count: number(rows.length, 0), all: number(page.municipalities.length, 0) });
  };

  const drawPicker = () => {
    const groups = new Map();
    page.regions.forEach((region, at) => {
      if (!groups.has(region.kind)) groups.set(region.kind, make("optgroup", { label: word(`kind_${region.kind}`) }));
      groups.get(region.kind).append(make("option", { value: String(at) }, regionName(at)));
    });
    byId("place").replaceChildren(...groups.values());
    byId("place").value = String(state.region);
  };

  const regionOf = (code) => page.regions.findIndex((region) => region.code === code);
  const pick = (at, scroll = false) => {
    state.region = Math.max(0, at);
    byId("place").value = String(state.region);
    byId("status").textContent = word("page_shown", { place: regionName(state.region) });
    try {
      history.replaceState(null, "", state.region ? `#${encodeURIComponent(page.regions[state.region].code)}` : "#");
    } catch (error) { /* some readers of local files forbid it; the page works without */ }
    drawKey();
    drawTable();
    if (scroll) byId("key-heading").scrollIntoView();
    return draw();
  };
  const speak = (lang) => {
    state.lang = lang;
    document.documentElement.lang = lang;
    document.querySelectorAll("[data-set]").forEach((button) =>
      button.setAttribute("aria-pressed", String(button.dataset.set === lang)));
    document.querySelectorAll("[data-t]").forEach((element) => { element.textContent = word(element.dataset.t); });
    document.querySelectorAll("[data-label]").forEach((element) => element.setAttribute("aria-label", word(element.dataset.label)));
    drawPicker();
    pick(state.region);
  };

  byId("figures").append(...page.panels.map((panel) => make("figure", { id: `figure-${panel.key}` })));
  byId("maps").append(...page.maps.map((map) => make("figure", { id: `figure-${map.key}`, class: "map" })));
  if (!page.maps.length) byId("maps-section").remove();
  byId("place").addEventListener("change", (event) => pick(Number(event.target.value)));
  byId("search").addEventListener("input", drawTable);
  document.querySelectorAll("[data-set]").forEach((button) => button.addEventListener("click", () => speak(button.dataset.set)));
  window.addEventListener("hashchange", () => pick(regionOf(decodeURIComponent(location.hash.slice(1)))));
  state.region = Math.max(0, regionOf(decodeURIComponent(location.hash.slice(1))));
  speak(state.lang);
})();
