using System.CommandLine;
using System.Text.Json.Nodes;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schema;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay schema</c>: what manifests and resources look like, for editors and programs.</summary>
static class SchemaVerb
{
    public static Command Build(VerbKit kit)
    {
        var kind = kit.Flags.Text("--kind", "KIND", "The schema of a kind of resource instead, as the Admin API writes it.");
        kind.CompletionSources.Add([.. CoreKinds.All.All.Select(k => k.Name)]);
        var typeScript = kit.Flags.Switch("--typescript", "The TypeScript types of all kinds instead.");
        return kit.Verb("schema", "Print the JSON Schema of the manifest; editors complete and check by it.", [kind, typeScript], (parsed, session, _) =>
        {
            if (parsed.GetValue(typeScript))
            {
                session.Environment.Out.Write(TypeScriptTypes.Generate(CoreKinds.All));
                return Task.FromResult(ExitCode.Ok);
            }

            JsonNode schema = parsed.GetValue(kind) is { } name ? JsonSchemas.ForKind(KindNames.Find(name)) : JsonSchemas.ForManifest();
            session.Screen.Write(schema, () => session.Screen.Line(schema.ToJsonString(Codec.Indented)));
            return Task.FromResult(ExitCode.Ok);
        });
    }
}
