/** A change of a schema: what it was, and what it becomes. */
export interface SchemaChange {
  readonly what: string;
  readonly before: string;
  readonly after: string;
}

const message = (fields: string) => `message M { ${fields} }`;
const proto2 = (text: string) => `syntax = "proto2"; ${text}`;
const color = (values: string, name = "Color") => `enum ${name} { ${values} }`;
const colored = (values: string, name = "Color") => `${message(`${name} c = 1;`)} ${color(values, name)}`;

/** Changes of every kind that matters, each way where that differs. Without a syntax line they are proto3. */
export const schemaChanges: readonly SchemaChange[] = [
  { what: "nothing", before: message("string a = 1;"), after: message("string a = 1;") },
  { what: "a field that comes", before: message(""), after: message("string a = 1;") },
  { what: "a message that comes", before: message(""), after: `${message("")} message N { int32 a = 1; }` },
  { what: "a message that goes", before: `${message("")} message N { int32 a = 1; }`, after: message("") },
  { what: "a field that goes", before: message("string a = 1;"), after: message("") },
  { what: "a field that goes, its number reserved", before: message("string a = 1;"), after: message("reserved 1;") },
  { what: "a field that goes, its name reserved", before: message("string a = 1;"), after: message('reserved "a";') },
  {
    what: "a field that goes, both reserved",
    before: message("string a = 1;"),
    after: message('reserved 1; reserved "a";'),
  },
  {
    what: "a field that goes, its number reserved in a range",
    before: message("string a = 5;"),
    after: message('reserved 3 to 9; reserved "a";'),
  },
  { what: "a field of another number", before: message("string a = 1;"), after: message("string a = 2;") },
  { what: "a field of another name", before: message("string a = 1;"), after: message("string b = 1;") },
  {
    what: "a field of another name, and the same in JSON",
    before: message("string a = 1;"),
    after: message('string b = 1 [json_name = "a"];'),
  },
  {
    what: "a field that is called otherwise in JSON",
    before: message("string a = 1;"),
    after: message('string a = 1 [json_name = "b"];'),
  },
  { what: "int32 to uint32", before: message("int32 a = 1;"), after: message("uint32 a = 1;") },
  { what: "int32 to int64", before: message("int32 a = 1;"), after: message("int64 a = 1;") },
  { what: "int64 to uint64", before: message("int64 a = 1;"), after: message("uint64 a = 1;") },
  { what: "int32 to sint32", before: message("int32 a = 1;"), after: message("sint32 a = 1;") },
  { what: "fixed32 to sfixed32", before: message("fixed32 a = 1;"), after: message("sfixed32 a = 1;") },
  { what: "fixed64 to sfixed64", before: message("fixed64 a = 1;"), after: message("sfixed64 a = 1;") },
  { what: "int32 to fixed32", before: message("int32 a = 1;"), after: message("fixed32 a = 1;") },
  { what: "int32 to bool", before: message("int32 a = 1;"), after: message("bool a = 1;") },
  { what: "float to double", before: message("float a = 1;"), after: message("double a = 1;") },
  { what: "string to bytes", before: message("string a = 1;"), after: message("bytes a = 1;") },
  { what: "string to int32", before: message("string a = 1;"), after: message("int32 a = 1;") },
  {
    what: "a message of another type",
    before: `${message("N a = 1;")} message N {} message O {}`,
    after: `${message("O a = 1;")} message N {} message O {}`,
  },
  {
    what: "a message to bytes",
    before: `${message("N a = 1;")} message N {}`,
    after: `${message("bytes a = 1;")} message N {}`,
  },
  {
    what: "an enum to int32",
    before: colored("RED = 0;"),
    after: `${message("int32 c = 1;")} ${color("RED = 0;")}`,
  },
  {
    what: "int32 to an enum",
    before: `${message("int32 c = 1;")} ${color("RED = 0;")}`,
    after: colored("RED = 0;"),
  },
  {
    what: "an enum of another name with the same values",
    before: colored("RED = 0; BLUE = 1;", "Color"),
    after: colored("RED = 0; BLUE = 1;", "Hue"),
  },
  {
    what: "an enum of another type with more values",
    before: `${message("Color c = 1;")} ${color("A0 = 0;")} ${color("B0 = 0; B1 = 1;", "Other")}`,
    after: `${message("Other c = 1;")} ${color("A0 = 0;")} ${color("B0 = 0; B1 = 1;", "Other")}`,
  },
  {
    what: "a nested enum of the same short name with more values",
    before: `${message("P.Color c = 1;")} message P { ${color("RED = 0;")} } message Q { ${color("RED = 0; BLUE = 1;")} }`,
    after: `${message("Q.Color c = 1;")} message P { ${color("RED = 0;")} } message Q { ${color("RED = 0; BLUE = 1;")} }`,
  },
  {
    what: "a nested enum of the same short name with fewer values",
    before: `${message("Q.Color c = 1;")} message P { ${color("RED = 0;")} } message Q { ${color("RED = 0; BLUE = 1;")} }`,
    after: `${message("P.Color c = 1;")} message P { ${color("RED = 0;")} } message Q { ${color("RED = 0; BLUE = 1;")} }`,
  },
  { what: "singular to repeated", before: message("int32 a = 1;"), after: message("repeated int32 a = 1;") },
  { what: "repeated to singular", before: message("repeated int32 a = 1;"), after: message("int32 a = 1;") },
  { what: "implicit to optional", before: message("int32 a = 1;"), after: message("optional int32 a = 1;") },
  { what: "optional to implicit", before: message("optional int32 a = 1;"), after: message("int32 a = 1;") },
  {
    what: "a map to a repeated message",
    before: `${message("map<string, int32> a = 1;")} message E { string key = 1; int32 value = 2; }`,
    after: `${message("repeated E a = 1;")} message E { string key = 1; int32 value = 2; }`,
  },
  {
    what: "a map of other values",
    before: message("map<string, int32> a = 1;"),
    after: message("map<string, string> a = 1;"),
  },
  {
    what: "a map of other keys",
    before: message("map<int32, int32> a = 1;"),
    after: message("map<int64, int32> a = 1;"),
  },
  {
    what: "a map that stays",
    before: message("map<string, int32> a = 1;"),
    after: message("map<string, int32> a = 1;"),
  },
  { what: "a field into a oneof", before: message("int32 a = 1;"), after: message("oneof o { int32 a = 1; }") },
  { what: "a field out of a oneof", before: message("oneof o { int32 a = 1; }"), after: message("int32 a = 1;") },
  {
    what: "a field into another oneof",
    before: message("oneof o { int32 a = 1; } oneof p { int32 b = 2; }"),
    after: message("oneof o { int32 b = 2; } oneof p { int32 a = 1; }"),
  },
  {
    what: "an optional field into a oneof",
    before: message("optional int32 a = 1;"),
    after: message("oneof o { int32 a = 1; }"),
  },
  { what: "a reserved number that goes", before: message("reserved 1, 2;"), after: message("reserved 1;") },
  { what: "a reserved name that goes", before: message('reserved "a", "b";'), after: message('reserved "a";') },
  { what: "a reserved range that shrinks", before: message("reserved 1 to 5;"), after: message("reserved 1 to 4;") },
  { what: "a reserved range that grows", before: message("reserved 1 to 5;"), after: message("reserved 1 to 9;") },
  { what: "a reserved range in pieces", before: message("reserved 1 to 3;"), after: message("reserved 1, 2, 3;") },
  {
    what: "reserved names that come",
    before: message("reserved 1;"),
    after: message('reserved 1; reserved "a", "b";'),
  },
  { what: "an enum value that comes", before: color("RED = 0;"), after: color("RED = 0; BLUE = 1;") },
  { what: "an enum value that goes", before: color("RED = 0; BLUE = 1;"), after: color("RED = 0;") },
  {
    what: "an enum value that goes, its number reserved",
    before: color("RED = 0; BLUE = 1;"),
    after: color("RED = 0; reserved 1;"),
  },
  {
    what: "an enum value that goes, both reserved",
    before: color("RED = 0; BLUE = 1;"),
    after: color('RED = 0; reserved 1; reserved "BLUE";'),
  },
  { what: "an enum value of another name", before: color("RED = 0; BLUE = 1;"), after: color("RED = 0; NAVY = 1;") },
  {
    what: "an enum value with an alias more",
    before: color("option allow_alias = true; RED = 0; BLUE = 1; NAVY = 1;"),
    after: color("option allow_alias = true; RED = 0; BLUE = 1; NAVY = 1; AZURE = 1;"),
  },
  {
    what: "an enum value with an alias less",
    before: color("option allow_alias = true; RED = 0; BLUE = 1; NAVY = 1;"),
    after: color("RED = 0; BLUE = 1;"),
  },
  { what: "an enum that goes", before: `${message("")} ${color("RED = 0;")}`, after: message("") },
  {
    what: "a reserved number of an enum that goes",
    before: color("RED = 0; reserved 5 to 9;"),
    after: color("RED = 0; reserved 5 to 8;"),
  },
  {
    what: "a reserved name of an enum that goes",
    before: color('RED = 0; reserved "BLUE";'),
    after: color("RED = 0;"),
  },
  {
    what: "a nested message's field of another type",
    before: "message M { message N { int32 a = 1; } N n = 1; }",
    after: "message M { message N { string a = 1; } N n = 1; }",
  },
  {
    what: "a required field that comes",
    before: proto2("message M {}"),
    after: proto2("message M { required int32 a = 1; }"),
  },
  {
    what: "a required field that goes",
    before: proto2("message M { required int32 a = 1; reserved 2; }"),
    after: proto2('message M { reserved 1, 2; reserved "a"; }'),
  },
  {
    what: "required to optional",
    before: proto2("message M { required int32 a = 1; }"),
    after: proto2("message M { optional int32 a = 1; }"),
  },
  {
    what: "another default",
    before: proto2("message M { optional int32 a = 1 [default = 1]; }"),
    after: proto2("message M { optional int32 a = 1 [default = 2]; }"),
  },
  {
    what: "a default that goes",
    before: proto2("message M { optional int32 a = 1 [default = 1]; }"),
    after: proto2("message M { optional int32 a = 1; }"),
  },
  {
    what: "a default that says what is the default",
    before: proto2("message M { optional int32 a = 1; }"),
    after: proto2("message M { optional int32 a = 1 [default = 0]; }"),
  },
];
