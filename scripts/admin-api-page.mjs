// docs/admin-api.md, from the comments of proto/prism/admin/v1/admin.proto.

/** The page. Throws when the file holds something that the page would leave out. */
export function adminApiPage(proto) {
  const { service, types } = readProto(proto);
  const methods = service.members.map(({ text, comment }) => {
    const [, name, request, response] = /^rpc (\w+)\((\w+)\) returns \((\w+)\)/.exec(text);
    return { name, comment, request, response };
  });
  const ofMethods = new Set(methods.flatMap(({ request, response }) => [request, response]));
  const shared = [...types.values()].filter(({ name }) => !ofMethods.has(name));
  return `# Admin API

${service.comment}

It is served on the admin port only, by gRPC as \`prism.admin.v1.AdminService\` and as JSON:

\`\`\`sh
curl -s http://127.0.0.1:8981/prism.admin.v1.AdminService/ListNamespaces -H 'content-type: application/json' -d '{}'
\`\`\`

In JSON, names are in camelCase, times are RFC 3339, durations are like "3600s", and a field mask is one text with commas. What is
refused carries a reason of [errors.md](errors.md). \`prism namespace\` and \`prism plugin\` make these calls from the command line.
Whoever reaches the admin port may do all of this: keep it private.

${methods.map((method) => methodSection(method, types)).join("\n")}
## What they share

${shared.map((type) => typeSection(type, "###")).join("\n")}`;
}

function methodSection({ name, comment, request, response }, types) {
  return `## ${name}

${comment}

${fieldsTable("request", types.get(request))}
${fieldsTable("answer", types.get(response))}`;
}

function fieldsTable(title, { members }) {
  if (members.length === 0) return `The ${title} has no fields.\n`;
  return `| ${title} | type | means |\n| --- | --- | --- |\n${members.map(fieldRow).join("\n")}\n`;
}

function fieldRow({ text, comment }) {
  const [, type, name] = /^(.+?) (\w+) = \d+/.exec(text);
  return `| \`${name}\` | ${type.replaceAll("google.protobuf.", "")} | ${comment.replaceAll("\n", " ")} |`;
}

function typeSection(type, level) {
  const head = `${level} ${type.name}\n\n${type.comment}\n\n`;
  if (type.kind === "message") return head + fieldsTable("field", type);
  const rows = type.members.map(({ text, comment }) => `| \`${text.split(" ")[0]}\` | ${comment} |`);
  return `${head}| value | means |\n| --- | --- |\n${rows.join("\n")}\n`;
}

/** The file is flat and formatted: a comment stands above what it is about, and nothing but a oneof is nested, whose message says so. */
function readProto(proto) {
  const types = new Map();
  let service;
  let open;
  let comment = [];
  for (const line of proto.split("\n")) {
    const text = line.trim();
    const [, kind, name, rest] = /^(service|message|enum) (\w+) \{(\}?)/.exec(text) ?? [];
    if (text.startsWith("//")) comment.push(text.slice(3));
    else if (kind !== undefined) {
      const declared = { kind, name, comment: comment.join("\n"), members: [] };
      if (kind === "service") service = declared;
      else types.set(name, declared);
      open = rest === "}" ? undefined : declared;
    } else if (open !== undefined && /^(rpc \w+|[\w.<>, ]+ \w+ = \d+|\w+ = \d+)/.test(text)) {
      open.members.push({ text, comment: comment.join("\n") });
    } else if (/^(reserved|extensions) /.test(text)) throw new Error(`the page does not know: ${text}`);
    if (!text.startsWith("//")) comment = [];
  }
  return { service, types };
}
