// A link that reproduces the view. What it holds stands behind the #, which no browser sends on.
import * as state from "./state";
import { t } from "./words";

interface View {
  structure: string;
  model: "student" | "teacher";
  energy: number;
  range: [number, number] | null;
  measured: ReturnType<typeof state.chosenSpectrum>;
  candidates: string;
  score: string;
  formula: string;
  ranked: "candidates" | "library" | null;
}

export async function copyLink(): Promise<void> {
  const view: View = {
    structure: state.text.value,
    model: state.model.value,
    energy: state.energy.value,
    range: state.range.value,
    measured: state.chosenSpectrum(),
    candidates: state.candidates.value,
    score: state.score.value,
    formula: state.onlyFormula.value,
    ranked: state.ranking.value ? state.searched.value : null,
  };
  const packed = await through(new CompressionStream("deflate-raw"), new TextEncoder().encode(JSON.stringify(view)));
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
  let view: Partial<View>;
  try {
    const packed = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
    view = JSON.parse(new TextDecoder().decode(await through(new DecompressionStream("deflate-raw"), packed)));
  } catch {
    state.message.value = t("badLink");
    return;
  }
  if (view.model === "teacher") state.model.value = "teacher";
  state.energy.value = Number(view.energy ?? 70);
  state.candidates.value = String(view.candidates ?? "");
  state.score.value = String(view.score ?? state.score.value);
  state.onlyFormula.value = String(view.formula ?? "");
  if (view.measured && Array.isArray(view.measured.peaks)) {
    state.measured.value = [view.measured];
    state.chosen.value = 0;
  }
  if (view.structure) await state.setStructure(String(view.structure));
  if (view.ranked) await state.rank(view.ranked);
  if (Array.isArray(view.range)) state.range.value = [Number(view.range[0]), Number(view.range[1])];
}

async function through(stream: CompressionStream | DecompressionStream, bytes: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer> {
  return new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer();
}
