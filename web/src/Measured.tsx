// Measured spectra: the list, and how well the chosen one matches what stands above it.
import type { JSX } from "preact";
import type { Measured as Spectrum } from "./api";
import { scoreText } from "./plot";
import { chosen, measured, scores, setStructure, shownAbove, takeFiles } from "./state";
import { scoreName, t } from "./words";

const CHIEF = [
  "nist_identity_match_factor", "nist_identity_reverse_match_factor", "weighted_cosine", "cosine", "entropy_similarity",
];

export function Measured(): JSX.Element {
  return (
    <section class="card measured" aria-labelledby="measured-title">
      <h2 id="measured-title">{t("measured")}</h2>
      <p>
        {t("dropHere")}{" "}
        <label class="button">
          {t("chooseFiles")}
          <input
            type="file"
            multiple
            class="hidden"
            data-testid="measured-file"
            onChange={(event) => {
              void takeFiles([...event.currentTarget.files!]);
              event.currentTarget.value = "";
            }}
          />
        </label>{" "}
        <small class="quiet">{t("formats")}</small>
      </p>
      {measured.value.length > 0 && (
        <ul class="list" data-testid="measured-list">
          <li>
            <label>
              <input type="radio" name="measured" checked={chosen.value < 0} onChange={() => (chosen.value = -1)} />
              <span>{t("none")}</span>
            </label>
          </li>
          {measured.value.map((each, place) => (
            <li key={place}>
              <label>
                <input type="radio" name="measured" checked={chosen.value === place} onChange={() => (chosen.value = place)} />
                <span>{each.name || "?"}</span>
                <small>{facts(each)}</small>
              </label>
              {each.structure && (
                <button type="button" class="plain" aria-label={`${t("drawThis")}: ${each.name}`} title={t("drawThis")} onClick={() => void setStructure(each.structure)}>✎</button>
              )}
              <button type="button" class="plain" aria-label={`${t("remove")}: ${each.name}`} onClick={() => remove(place)}>×</button>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** What its file says of a spectrum, in short. */
function facts({ formula, nominal_mass, retention_time, retention_index, column }: Spectrum): string {
  const index = retention_index != null && `RI ${Math.round(retention_index)}${column ? ` (${column})` : ""}`;
  return [formula, nominal_mass, retention_time != null && `${Number(retention_time.toFixed(3))} min`, index].filter(Boolean).join(", ");
}

function remove(place: number): void {
  measured.value = measured.value.filter((_, other) => other !== place);
  if (chosen.value >= place) chosen.value = Math.min(chosen.value - (chosen.value > place ? 1 : 0), measured.value.length - 1);
}

export function Match(): JSX.Element | null {
  const found = scores.value;
  const above = shownAbove();
  if (!found || !above) return null;
  return (
    <div class="match" data-testid="match" role="group" aria-label={t("allScores")}>
      {CHIEF.map((name) => (
        <span key={name}>{scoreName(name)} <b>{scoreText(name, found[name]!)}</b></span>
      ))}
      <details>
        <summary>{t("allScores")}</summary>
        <table>
          <tbody>
            {Object.entries(found).map(([name, value]) => (
              <tr key={name}><th scope="row">{scoreName(name)}</th><td>{scoreText(name, value, 4)}</td></tr>
            ))}
          </tbody>
        </table>
      </details>
    </div>
  );
}
