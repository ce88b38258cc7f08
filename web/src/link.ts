// A link that reproduces the view. What it holds stands behind the #, which no browser sends on.
import type { Measured } from "./api";
import * as state from "./state";
import { t } from "./words";

interface View {
  structure: string;
  derivatives: state.Derivative[];
  model: "student" | "teacher";
  energy: number;
  range: [number, number] | null;
  measured: Measured[];
  chosen: number;
  candidates: string;
  score: string;
  formula: string;
  byIndex: boolean;
  ranked: "candidates" | "library" | null;
  hit: number; // place in the ranking, −1 where the drawing is shown
}

const KEPT = "view";

function view(): View {
  const ranking = state.shownRanking();
  return {
    structure: state.text.value,
    derivatives: state.derivatives.value,
    model: state.model.value,
    energy: state.energy.value,
    range: state.range.value,
    measured: state.measured.value,
    chosen: state.chosen.value,
    candidates: state.candidates.value,
    score: state.score.value,
    formula: state.onlyFormula.value,
    byIndex: state.byIndex.value,
    ranked: ranking?.where ?? null,
    hit: ranking && state.hit.value ? ranking.hits.indexOf(state.hit.value) : -1,
  };
}

export async function copyLink(): Promise<void> {
  const below = state.chosenSpectrum();
  const linked = { ...view(), measured: below ? [below] : [], chosen: below ? 0 : -1 };
  const packed = await through(new CompressionStream("deflate-raw"), new TextEncoder().encode(JSON.stringify(linked)));
  const text = btoa(Array.from(new Uint8Array(packed), (byte) => String.fromCharCode(byte)).join(""));
  history.replaceState(null, "", `#${text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")}`);
  try {
    await navigator.clipboard.writeText(location.href);
    state.message.value = t("copied");
  } catch {
    state.message.value = t("linkInAddress");
  }
}

export async function followLink(): Promise<void> {
  const text = location.hash.slice(1);
  if (!text) return;
  let linked: Partial<View>;
  try {
    const packed = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
    linked = JSON.parse(new TextDecoder().decode(await through(new DecompressionStream("deflate-raw"), packed)));
  } catch {
    state.message.value = t("badLink");
    return;
  }
  await restore(linked);
}

/** Keep what is shown for the tab, until it is closed: for when the page is loaded again. */
export function keepView(): void {
  if (restoring) return; // what is kept holds more than what is there yet
  try {
    sessionStorage.removeItem(KEPT);
    sessionStorage.setItem(KEPT, JSON.stringify(view()));
  } catch {
    // too much of it, or a browser that keeps nothing
  }
}

function keptView(): Partial<View> | null {
  const [way] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
  if (way?.type !== "reload" && way?.type !== "back_forward") return null;
  try {
    return JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
  } catch {
    return null;
  }
}

/** Show what was shown before a reload or on the way back, else what a link holds. */
export async function begin(): Promise<void> {
  const kept = keptView();
  await (kept ? restore(kept) : followLink());
}

let restoring = false;

async function restore(seen: Partial<View>): Promise<void> {
  restoring = true;
  try {
    await show(seen);
  } finally {
    restoring = false;
  }
}

async function show(seen: Partial<View>): Promise<void> {
  state.model.value = seen.model === "teacher" ? "teacher" : "student";
  state.energy.value = Number(seen.energy ?? 70);
  state.candidates.value = String(seen.candidates ?? "");
  state.score.value = String(seen.score ?? state.score.value);
  state.onlyFormula.value = String(seen.formula ?? "");
  state.byIndex.value = seen.byIndex === true;
  // A spectrum alone is of an earlier link.
  state.measured.value = [seen.measured ?? []].flat().filter((each) => Array.isArray(each?.peaks));
  state.chosen.value = Number(seen.chosen ?? 0);
  await state.setStructure(String(seen.structure ?? ""));
  if (Array.isArray(seen.derivatives)) state.derivatives.value = seen.derivatives;
  if (seen.ranked) {
    await state.rank(seen.ranked);
    state.hit.value = state.shownRanking()?.hits[Number(seen.hit ?? 0)] ?? null;
  }
  if (Array.isArray(seen.range)) state.range.value = [Number(seen.range[0]), Number(seen.range[1])];
}

async function through(stream: CompressionStream | DecompressionStream, bytes: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer> {
  return new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer();
}
