using System.CommandLine;
using Mainstay.Core.Kinds;
using Mainstay.Host.Cli.Client;
using Mainstay.Schedule.Agent;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay exec</c>: a command beside an instance.</summary>
static class ExecVerb
{
    public static Command Build(VerbKit kit)
    {
        var instance = VerbKit.Required("INSTANCE", "The instance; 'mainstay get instances' lists them.");
        var command = new Argument<string[]>("COMMAND") { Description = "The program and its arguments, after --.", Arity = ArgumentArity.ZeroOrMore };
        var timeout = kit.Flags.Duration("--timeout", TimeSpan.FromSeconds(30), "How long it may run; at most 5m.");
        return kit.Verb("exec", "Run a command in an instance's container, or with its process's environment and in its folder.", [instance, command, timeout], async (parsed, session, stop) =>
        {
            var (name, words, within) = (parsed.GetRequiredValue(instance), parsed.GetValue(command) ?? [], parsed.GetValue(timeout));
            if (words.Length == 0)
            {
                throw new CliError("the command is missing", $"write mainstay exec {name} -- COMMAND", ExitCode.Invalid);
            }

            var json = await session.Client.PostAsync($"instances/{Uri.EscapeDataString(name)}/exec", new { command = words, timeout = Durations.Format(within) }, stop, within: within + TimeSpan.FromSeconds(15));
            var answer = ApiClient.As<ExecAnswer>(json);
            session.Screen.Write(json, () =>
            {
                session.Environment.Out.Write(Text(answer.Output));
                session.Environment.Error.Write(Text(answer.Error));
            });
            return answer.ExitCode ?? throw new CliError($"the command has no exit code: {answer.Why}", "see 'mainstay status' how the instance stands, or give it more time with --timeout");
        });
    }

    static string Text(string base64) => System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(base64));
}
