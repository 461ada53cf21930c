using System.CommandLine;
using System.Globalization;
using Mainstay.Host.Api.Config;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay secret</c>: keeps secrets, lists them without their values, forgets them, makes a new key. No verb shows a value.</summary>
static class SecretVerb
{
    static readonly string[] Actions = ["list", "set", "remove", "rotate"];

    public static Command Build(VerbKit kit)
    {
        var action = new ActionArgument(Actions);
        var subject = VerbKit.Optional("NAME", "The secret, with set and remove.");
        var file = kit.Flags.Text("--file", "FILE", "With set: read the value from a file instead of standard input. It is never an argument, where others could see it.");
        return kit.Verb("secret", "Keep secrets sealed, and name them in configuration as secret:NAME.", [action, subject, file], async (parsed, session, stop) =>
        {
            var word = parsed.GetRequiredValue(action);
            switch (word)
            {
                case "list":
                    await ListAsync(session, stop);
                    break;
                case "rotate":
                    var json = await session.Client.PostAsync("secret-keys/rotate", null, stop);
                    var done = ApiClient.As<SecretRotation>(json);
                    session.Screen.Write(json, () => session.Screen.Line($"{done.Sealed} secrets are sealed with a new key{(done.Lost.Count > 0 ? $"; no key opens {string.Join(", ", done.Lost)}: set them anew" : "; the old one is gone")}"));
                    return done.Lost.Count > 0 ? ExitCode.Failed : ExitCode.Ok;
                default:
                    var name = parsed.GetValue(subject) ?? throw new CliError("the secret is missing", $"write mainstay secret {word} NAME", ExitCode.Invalid);
                    await (word == "remove" ? RemoveAsync(session, name, stop) : SetAsync(session, name, parsed.GetValue(file), stop));
                    break;
            }

            return ExitCode.Ok;
        });
    }

    static async Task ListAsync(Session session, CancellationToken stop)
    {
        var json = await session.Client.GetAsync("secrets", stop);
        session.Screen.Write(json, () =>
        {
            var table = new TextTable("NAME", "VERSION", "KEY", "BY", "AT");
            foreach (var one in ApiClient.As<SecretList>(json).Items)
            {
                table.Add(one.Name, one.Version.ToString(CultureInfo.InvariantCulture), one.Key.ToString(CultureInfo.InvariantCulture), TextWidth.Harmless(one.By), Quantities.When(one.At, session.Time));
            }

            table.Write(session.Screen);
        });
    }

    static async Task SetAsync(Session session, string name, string? file, CancellationToken stop)
    {
        string value;
        try
        {
            value = file is null ? await session.Environment.In.ReadToEndAsync(stop) : await File.ReadAllTextAsync(Path.GetFullPath(file, session.Environment.WorkingFolder), stop);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CliError($"the value cannot be read: {error.Message}", "name a file with --file, or give the value on standard input", ExitCode.Invalid);
        }

        // What an editor or echo puts behind it is not part of it.
        var json = await session.Client.PostAsync($"secrets/{Uri.EscapeDataString(name)}", new { value = value.TrimEnd('\r', '\n') }, stop);
        session.Screen.Write(json, () => session.Screen.Line($"{name} is kept as version {json["version"]!.GetValue<int>().ToString(CultureInfo.InvariantCulture)}; refer to it as secret:{name}"));
    }

    static async Task RemoveAsync(Session session, string name, CancellationToken stop)
    {
        var json = await session.Client.DeleteAsync($"secrets/{Uri.EscapeDataString(name)}", stop);
        session.Screen.Write(json, () => session.Screen.Line($"{name} is forgotten with all its versions"));
    }
}
