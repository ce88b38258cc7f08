// Candidates, or the user's library, ranked by similarity to the measured spectrum.
import type { JSX } from "preact";
import type { Hit } from "./api";
import { save } from "./downloads";
import {
  byIndex, candidates, chosenSpectrum, hit, listed, onlyFormula, prediction, rank, range, rankingNow,
  score, server, setIndex, shownRanking, takeFiles,
} from "./state";
import { said } from "./phrases";
import { isFactor, scoreText, signed } from "./plot";
import { Formula, Picture } from "./Structure";
import { scoreName, t } from "./words";

const SCORES = [
  "weighted_cosine", "entropy_similarity", "cosine", "nist_gc_cosine", "weighted_entropy_similarity",
  "stein_scott_composite", "nist_identity_match_factor", "nist_identity_reverse_match_factor",
  "nist_similarity_match_factor", "nist_similarity_reverse_match_factor",
];

export function Candidates(): JSX.Element {
  const { library } = server.value;
  const spectrum = chosenSpectrum();
  const ready = spectrum !== null;
  return (
    <section
      class="card candidates"
      aria-labelledby="candidates-title"
      onDrop={(event) => {
        event.preventDefault();
        event.stopPropagation();
        void takeFiles([...event.dataTransfer!.files], "structures");
      }}
    >
      <h2 id="candidates-title">{t("candidates")}</h2>
      <label for="candidates">{t("candidatesLabel")}</label>
      <textarea
        id="candidates"
        rows={5}
        wrap="off"
        spellcheck={false}
        placeholder={"CCO ethanol\nCOC dimethyl ether"}
        value={candidates.value}
        onInput={(event) => (candidates.value = event.currentTarget.value)}
      />
      <div class="row">
        <label class="button">
          {t("chooseFiles")}
          <input
            type="file"
            class="hidden"
            data-testid="candidates-file"
            onChange={(event) => {
              void takeFiles([...event.currentTarget.files!], "structures");
              event.currentTarget.value = "";
            }}
          />
        </label>
        <label>
          {t("score")}{" "}
          <select value={score.value} onChange={(event) => (score.value = event.currentTarget.value)}>
            {SCORES.map((each) => <option key={each} value={each}>{scoreName(each)}</option>)}
          </select>
        </label>
        <label>
          {t("onlyFormula")}{" "}
          <input size={10} value={onlyFormula.value} placeholder="C12H15ClO3" onInput={(event) => (onlyFormula.value = event.currentTarget.value)} />
        </label>
        {prediction.value && (
          <button type="button" onClick={() => (onlyFormula.value = prediction.value!.formula)}>{t("asDrawn")}</button>
        )}
        {spectrum && (
          <>
            <label>
              {t("measuredIndex")}{" "}
              <input
                type="number"
                step="any"
                value={spectrum.retention_index ?? ""}
                onChange={(event) => setIndex(Number.isNaN(event.currentTarget.valueAsNumber) ? null : event.currentTarget.valueAsNumber)}
              />
            </label>
            <label>
              <input
                type="checkbox"
                checked={byIndex.value}
                disabled={spectrum.retention_index == null}
                onChange={(event) => (byIndex.value = event.currentTarget.checked)}
              />
              {t("byIndex")}
            </label>
          </>
        )}
      </div>
      <div class="row">
        <button type="button" class="chief" disabled={!ready || !listed().length} onClick={() => void rank("candidates")}>{t("rank")}</button>
        {library && (
          <button type="button" class="chief" disabled={!ready} onClick={() => void rank("library")}>{t("searchLibrary")} {library}</button>
        )}
        {rankingNow.value && <span role="status">{t("working")}</span>}
        {!ready && <span class="quiet">{t("needsMeasured")}</span>}
      </div>
    </section>
  );
}

export function Ranked(): JSX.Element | null {
  const found = shownRanking();
  if (!found) return null;
  const { hits, compared, notes, failures, left_out, csv, where } = found;
  const indices = hits.some((each) => each.retention_index != null);
  const differences = hits.some((each) => each.retention_difference != null);
  return (
    <section class="card" aria-labelledby="ranking-title">
      <h2 id="ranking-title">{t("ranking")}</h2>
      <div class="row">
        <span role="status">{compared} {t("compared")}{hits.length < compared && `, ${hits.length ? `${t("firstShown")} ${hits.length}` : t("noHit")}`}{found.byIndex && `, ${t("indexCounted")}`}</span>
        {failures.length > 0 && (
          <details>
            <summary>{left_out} {t("leftOut")}</summary>
            <ul>{failures.map((each) => <li key={each}>{said(each)}</li>)}</ul>
          </details>
        )}
        <button type="button" onClick={() => save(new Blob([csv], { type: "text/csv" }), "ranking.csv")}>{t("table")}</button>
      </div>
      {notes.map((note) => <p key={note} class="quiet">{said(note)}</p>)}
      <div class="scroll" tabindex={0} role="region" aria-label={t("candidates")}>
        <table class="ranking" data-testid="ranking">
          <thead>
            <tr>
              <th scope="col">{t("rankWord")}</th>
              <th scope="col">{t("structure")}</th>
              <th scope="col">{t("name")}</th>
              <th scope="col">{t("score")}</th>
              {indices && <th scope="col"><abbr title={t("retentionIndex")}>RI</abbr></th>}
              {differences && <th scope="col"><abbr title={t("difference")}>ΔRI</abbr></th>}
            </tr>
          </thead>
          <tbody>
            {hits.map((each, place) => {
              return (
                <tr key={place} class={hit.value === each ? "chosen" : ""} onClick={() => choose(each)}>
                  <td>{each.rank}</td>
                  <td>{each.drawing && <Picture drawing={each.drawing} alt={each.smiles} />}</td>
                  <td>
                    <button
                      type="button"
                      class="plain name"
                      aria-pressed={hit.value === each}
                      title={t("showMirror")}
                      onClick={(event) => {
                        event.stopPropagation();
                        choose(each);
                      }}
                    >
                      {each.name || each.smiles}
                    </button>
                    <br />
                    <small><Formula text={each.formula} />{where === "library" && <> {each.source === "measured" ? t("measuredWord") : t("predicted")}</>}</small>
                  </td>
                  <td><Bar value={each.score} name={found.score} /></td>
                  {indices && <td><Index of={each} /></td>}
                  {differences && <td>{each.retention_difference == null ? "" : signed(Math.round(each.retention_difference))}</td>}
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Index({ of }: { of: Hit }): JSX.Element {
  const { retention_index: value, retention_index_low: low, retention_index_high: high } = of;
  return <>{value != null && Math.round(value)}{low != null && high != null && <><br /><small>{Math.round(low)}–{Math.round(high)}</small></>}</>;
}

function choose(each: Hit): void {
  hit.value = each;
  range.value = null;
}

function Bar({ value, name }: { value: number; name: string }): JSX.Element {
  const share = Math.min(1, isFactor(name) ? value / 999 : value);
  return (
    <span class="bar">
      <b>{scoreText(name, value)}</b>
      <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
        <rect class="scale" width="100" height="6" rx="2" />
        <rect class="mean" width={100 * share} height="6" rx="2" />
      </svg>
    </span>
  );
}
