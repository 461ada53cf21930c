using System.CommandLine;
using System.Globalization;
using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay scale</c>.</summary>
static class ScaleVerb
{
    public static Command Build(VerbKit kit)
    {
        var service = VerbKit.Required("SERVICE", "The service.");
        var instances = VerbKit.Required("N", "How many instances, within the bounds that the manifest gives; auto lets it scale by itself again.");
        var waiting = new WaitFlags(kit.Flags);
        return kit.Verb("scale", "Run a service with another number of instances.", [service, instances, waiting.Wait, waiting.Timeout], async (parsed, session, stop) =>
        {
            var name = parsed.GetRequiredValue(service);
            var number = Number(parsed.GetRequiredValue(instances));
            var reply = await session.Client.PostAsync($"services/{Uri.EscapeDataString(name)}/scale", new { instances = number }, stop);
            session.Screen.Write(reply, () => session.Screen.Line(number is { } count ? $"{name} scales to {Output.Quantities.Count(count, "instance")}" : $"{name} scales by itself where it declares so; 'mainstay why scale {name}' tells"));
            return await waiting.FollowAsync(parsed, session, new() { Service = name, Version = (int?)reply["version"] ?? 0 }, stop);
        });
    }

    static int? Number(string text) =>
        text == "auto" ? null
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= InstanceCount.Most
            ? number
            : throw new CliError($"'{text}' is not a number of instances", $"write a number from 0 to {InstanceCount.Most}, or auto", ExitCode.Invalid);
}
