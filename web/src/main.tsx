// The page: draw on the left, look on the right, compare below.
import { render, type JSX } from "preact";
import { Candidates, Ranked } from "./Candidates";
import { savePng, saveSpectrum, saveSvg } from "./downloads";
import { Editor } from "./Editor";
import { begin, copyLink, followLink, keepView } from "./link";
import { Match, Measured } from "./Measured";
import { Options } from "./Options";
import { ionsAt, lossText, SpectrumPlot } from "./SpectrumPlot";
import { said } from "./phrases";
import { mzText, percent } from "./plot";
import * as state from "./state";
import { health } from "./api";
import { Certainty, Formula, Structure } from "./Structure";
import { changeLanguage, changeTheme, t, theme } from "./words";

function Header(): JSX.Element {
  return (
    <header>
      <h1>NExtIMS</h1>
      <p>{t("about")}</p>
      <nav>
        <button type="button" onClick={() => void copyLink()}>{t("copyLink")}</button>
        <button type="button" lang={t("language") === "English" ? "en" : "ja"} onClick={changeLanguage}>{t("language")}</button>
        <button type="button" aria-label={t("theme")} title={t("theme")} onClick={changeTheme}>{theme.value === "dark" ? "☀" : "☾"}</button>
        <a href="/docs">{t("api")}</a>
      </nav>
    </header>
  );
}

function Welcome(): JSX.Element {
  return (
    <div class="welcome">
      <svg viewBox="0 0 240 90" aria-hidden="true"><path d="M10 80H230M30 80V62M44 80V30M58 80V70M92 80V52M106 80V74M138 80V10M152 80V66M190 80V44M204 80V72" /></svg>
      <h3>{t("emptyTitle")}</h3>
      <p>{t("emptyText")}</p>
      <ul>
        <li><button type="button" onClick={() => void state.setStructure("CC(C)Cc1ccc(cc1)C(C)C(=O)O")}>{t("exampleOne")}</button></li>
        <li><button type="button" onClick={() => void derivatisedGlucose()}>{t("exampleTwo")}</button></li>
        <li><button type="button" onClick={() => void unknown()}>{t("exampleThree")}</button></li>
      </ul>
    </div>
  );
}

async function derivatisedGlucose(): Promise<void> {
  await state.setStructure("OC[C@H]1OC(O)[C@H](O)[C@@H](O)[C@@H]1O");
  await state.derivatise("meox-tms");
}

async function unknown(): Promise<void> {
  const [spectrum, list] = await Promise.all(["unknown.msp", "candidates.smi"].map(async (name) => (await fetch(`/${name}`)).text()));
  await state.takeFiles([new File([spectrum!], "unknown.msp")]);
  state.candidates.value = list!.trim();
  await state.setStructure("CCOC(=O)C(C)(C)Oc1ccc(Cl)cc1");
  await state.rank("candidates");
}

function Spectrum(): JSX.Element {
  const above = state.shownAbove();
  const below = state.chosenSpectrum();
  const hit = state.hit.value;
  const name = hit ? hit.name || hit.smiles : (state.prediction.value?.smiles ?? "");
  return (
    <section class="card spectrum" aria-labelledby="spectrum-title" aria-busy={state.busy.value}>
      <div class="title">
        <h2 id="spectrum-title">{t("spectrum")}</h2>
        {above && !state.outdated.value && <Downloads />}
      </div>
      {state.problem.value && <p class="problem" role="alert">{said(state.problem.value)}</p>}
      {state.outdated.value && above && <p class="quiet">{t("stillShown")}</p>}
      {above || below ? (
        <div class="shown" inert={state.outdated.value}>
          <p class="legend">
            {above && <span class="above">▲ {hit?.source === "measured" ? t("measuredWord") : hit ? t("candidate") : t("predicted")}: <Formula text={above.formula} /> <span class="short">{name}</span></span>}
            {below && <span class="below">▼ {t("measuredWord")}: {below.name}</span>}
            {state.busy.value && <span class="quiet" role="status">{state.waiting.value}</span>}
          </p>
          {hit && (
            <p class="row">
              <button type="button" onClick={() => (state.hit.value = null)}>{t("backToDrawing")}</button>
              {hit.smiles && <button type="button" onClick={() => void state.setStructure(hit.smiles)}>{t("drawThis")}</button>}
            </p>
          )}
          <Match />
          <SpectrumPlot above={above?.peaks ?? []} below={below?.peaks ?? null} mass={above?.nominal_mass ?? null} title={name} />
          {above && <Peaks />}
        </div>
      ) : state.busy.value ? (
        <p class="quiet" role="status">{state.waiting.value}</p>
      ) : (
        <Welcome />
      )}
    </section>
  );
}

function Downloads(): JSX.Element {
  const ofLibrary = state.hit.value?.source === "measured"; // which the user has as a file
  return (
    <div class="downloads" role="group" aria-label={t("download")}>
      <span>{t("download")}</span>
      {!ofLibrary && [[".msp", "MSP"], [".jdx", "JCAMP-DX"], [".csv", "CSV"]].map(([format, name]) => (
        <button key={format} type="button" onClick={() => void saveSpectrum(format!)}>{name}</button>
      ))}
      <button type="button" onClick={() => void savePng()}>PNG</button>
      <button type="button" onClick={saveSvg}>SVG</button>
    </div>
  );
}

function Peaks(): JSX.Element {
  const above = state.shownAbove()!;
  const named = !state.hit.value && state.prediction.value?.annotations;
  const peaks = [...above.peaks].sort((a, b) => b[1] - a[1]);
  return (
    <details class="peaks">
      <summary>{t("peaks")} ({peaks.length})</summary>
      <div class="scroll" tabindex={0} role="region" aria-label={t("peaks")}>
        <table>
          <thead>
            <tr><th scope="col">m/z</th><th scope="col">{t("intensity")}</th><th scope="col">{t("loss")}</th>{named && <th scope="col">{t("ions")}</th>}</tr>
          </thead>
          <tbody>
            {peaks.map(([mz, intensity]) => (
              <tr key={mz}>
                <td>{mzText(mz)}</td>
                <td>{percent(intensity)}</td>
                <td>{above.nominal_mass != null && lossText(above.nominal_mass - mz)}</td>
                {named && <td>{ionsAt(state.prediction.value, mz).map((ion, place) => <>{place > 0 && ", "}<Formula text={ion.formula} /></>)}</td>}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

function Page(): JSX.Element {
  return (
    <>
      <Header />
      <main>
        <section class="card draw" aria-labelledby="draw-title">
          <h2 id="draw-title">{t("draw")}</h2>
          <Editor />
          <Options />
        </section>
        <div class="look">
          <Spectrum />
          <Ranked />
          <div class="pair" inert={state.outdated.value}>
            <Structure />
            <Certainty />
          </div>
        </div>
        <Measured />
        <Candidates />
      </main>
      <p class="message" role="status">{state.message.value}</p>
      <footer>NExtIMS {state.server.value.version} · <a href="/LICENSES.txt">{t("licences")}</a></footer>
    </>
  );
}

addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => {
  event.preventDefault();
  if (event.dataTransfer?.files.length) void state.takeFiles([...event.dataTransfer.files]);
});
render(<Page />, document.getElementById("page")!);
void health().then(
  (found) => (state.server.value = found),
  () => (state.message.value = t("unreachable")),
);
addEventListener("hashchange", () => void followLink());
addEventListener("pagehide", keepView);
void begin();
