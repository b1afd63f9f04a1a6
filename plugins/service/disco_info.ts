/** What a host or an account says of itself (XEP-0030 §3), put together from what its plugins registered. */
import {
  DISCO_INFO_NS,
  DISCO_ITEMS_NS,
  type DiscoInfo,
  type DiscoProvider,
  type DiscoQuery,
  type Form,
  type HostScope,
  type Identity,
  isPromise,
  type Maybe,
  readForm,
} from "#plugin";

type Asked<T> = Maybe<readonly T[] | undefined>;

/** All that is known; undefined for a node that nobody knows. */
export function infoOf(
  host: HostScope<unknown>,
  on: "host" | "account",
  query: DiscoQuery,
): Maybe<DiscoInfo | undefined> {
  const book = host.discoBook[on];
  const asked = [
    gather(book.providers, (p) => p.identities?.(query)),
    gather(book.providers, (p) => p.features?.(query)),
    gather(book.providers, (p) => p.forms?.(query)),
  ] as const;
  const put = ([identities, features, forms]: Gathered): DiscoInfo | undefined => {
    const read = (forms ?? []).map(readForm).filter((form): form is Form => form !== undefined);
    if (query.node === undefined) {
      const withheld = book.providers.flatMap((p) => p.withholds?.(query) ?? []);
      return {
        identities: [...own(host, on, query), ...book.identities, ...(identities ?? [])],
        features: sorted([
          DISCO_INFO_NS,
          DISCO_ITEMS_NS,
          ...kept(book.features, withheld),
          ...(features ?? []),
        ]),
        forms: read,
      };
    }
    if (identities === undefined && features === undefined && forms === undefined) return undefined;
    return {
      identities: identities ?? [],
      features: sorted([DISCO_INFO_NS, ...(features ?? [])]),
      forms: read,
    };
  };
  return asked.some(isPromise) ? Promise.all(asked).then(put) : put(asked as unknown as Gathered);
}

type Gathered = readonly [
  readonly Identity[] | undefined,
  readonly string[] | undefined,
  readonly Parameters<typeof readForm>[0][] | undefined,
];

/** What all providers add; undefined where none of them knows anything. */
export function gather<T>(
  providers: readonly DiscoProvider[],
  ask: (provider: DiscoProvider) => Asked<T>,
): Asked<T> {
  const answers = providers.map(ask);
  return answers.some(isPromise)
    ? Promise.all(answers).then(joined)
    : joined(answers as (readonly T[] | undefined)[]);
}

function joined<T>(answers: readonly (readonly T[] | undefined)[]): readonly T[] | undefined {
  const known = answers.filter((answer) => answer !== undefined);
  return known.length === 0 ? undefined : known.flat();
}

/** The identity an entity has by being what it is. A service's is what its own plugin says. */
function own(host: HostScope<unknown>, on: "host" | "account", { about }: DiscoQuery): Identity[] {
  if (on === "host") {
    return host.kind === "user" ? [{ category: "server", type: "im", name: host.name }] : [];
  }
  const role = host.accounts.role(about);
  const type = role === "guest"
    ? "anonymous"
    : role === "admin" || role === "operator"
    ? "admin"
    : "registered";
  return [{ category: "account", type }];
}

/** Without those that are a withheld namespace, or something of it: `ns#feature`. */
function kept(features: readonly string[], withheld: readonly string[]): readonly string[] {
  if (withheld.length === 0) return features;
  return features.filter((it) => !withheld.some((ns) => it === ns || it.startsWith(`${ns}#`)));
}

function sorted(features: readonly string[]): string[] {
  return [...new Set(features)].sort();
}
