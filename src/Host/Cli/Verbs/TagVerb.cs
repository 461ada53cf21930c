using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay tag</c>: names of versions.</summary>
static class TagVerb
{
    public static Command Build(VerbKit kit)
    {
        var tag = VerbKit.Optional("TAG", "The name. Default: list the names.");
        var version = VerbKit.Optional("VERSION", "Number of the version that it stands for. Default: the present one.");
        var delete = kit.Flags.Switch("--delete", "Take the name away.");
        return kit.Verb("tag", "Give a version of the architecture a name, or list the names.", [tag, version, delete], async (parsed, session, stop) =>
        {
            var name = parsed.GetValue(tag);
            if (name is null)
            {
                await ListAsync(session, stop);
                return ExitCode.Ok;
            }

            var path = $"tags/{Uri.EscapeDataString(name)}";
            if (parsed.GetValue(delete))
            {
                var reply = await session.Client.DeleteAsync(path, stop);
                session.Screen.Write(reply, () => session.Screen.Line($"{name} stands for no version"));
                return ExitCode.Ok;
            }

            var number = parsed.GetValue(version) is { } text ? Number(text) : (await ArchitectureAsync(session, stop)).Version;
            var given = await session.Client.PostAsync(path, new { version = number }, stop);
            session.Screen.Write(given, () => session.Screen.Line($"{name} stands for version {number}"));
            return ExitCode.Ok;
        });
    }

    static async Task ListAsync(Session session, CancellationToken stop)
    {
        var tags = (await ArchitectureAsync(session, stop)).Tags ?? new Dictionary<string, int>();
        session.Screen.Write(new JsonObject(tags.OrderBy(t => t.Key, StringComparer.Ordinal).Select(t => KeyValuePair.Create<string, JsonNode?>(t.Key, t.Value))), () =>
        {
            var table = new TextTable("TAG", "VERSION") { RightAligned = [1] };
            foreach (var (name, number) in tags.OrderBy(t => t.Value).ThenBy(t => t.Key, StringComparer.Ordinal))
            {
                table.Add(name, number.ToString(CultureInfo.InvariantCulture));
            }

            table.Write(session.Screen);
        });
    }

    /// <summary>The names that versions have; none before the first apply.</summary>
    internal static async Task<IReadOnlyDictionary<string, int>> TagsAsync(Session session, CancellationToken stop) =>
        (await session.Client.ListAsync("architectures", stop))["items"]!.AsArray().Select(a => ApiClient.As<Architecture>(a!)).FirstOrDefault()?.Tags ?? new Dictionary<string, int>();

    static Task<Architecture> ArchitectureAsync(Session session, CancellationToken stop) =>
        session.Client.GetAsync<Architecture>($"architectures/{Architecture.TheName}", stop);

    static int Number(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        ? number
        : throw new CliError($"'{text}' is not the number of a version", "'mainstay history' lists the versions", ExitCode.Invalid);
}
