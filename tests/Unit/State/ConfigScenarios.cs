using System.Text.Json;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.State;
using Mainstay.Tests.Scenarios;
using Xunit;

namespace Mainstay.Tests.State;

/// <summary>What name spaces come to, and what is refused.</summary>
public sealed class ConfigScenarios
{
    public static TheoryData<string> Files => ScenarioFile.In("config");

    [Theory]
    [MemberData(nameof(Files))]
    public void Play(string file)
    {
        var all = new Dictionary<string, ConfigSpace>(StringComparer.Ordinal);
        ScenarioFile.Run(file, step => step.Words switch
        {
            ["publish", var name] => Publish(all, name, Codec.Decode<ConfigContent>(step.Input)),
            ["render", var name, .. var rest] => Render(all, name, Codec.Decode<ConfigFile>(step.Input), rest is [var environment] ? environment : "*"),
            ["check", var name] => string.Join('\n', Codec.Decode<ConfigFile>(step.Input).Validate(name, hasDefault: false).Select(p => $"{p.Path}: {p.What}; {p.Remedy}").DefaultIfEmpty("ok")),
            ["get", var name, .. var rest] => Get(all, name, rest is [var environment] ? environment : "*"),
            _ => throw new InvalidOperationException(step.Command),
        });
    }

    static string Publish(Dictionary<string, ConfigSpace> all, string name, ConfigContent content)
    {
        var plan = ConfigPublish.Next(name, content, all, "ada", "", DateTimeOffset.UnixEpoch);
        if (plan is not { Space: { } space, Version: { } version })
        {
            return string.Join('\n', plan.Problems.Select(p => $"{p.Path}: {p.What}; {p.Remedy}"));
        }

        all[name] = space;
        return string.Join('\n', version.Changes.Select(c => $"{c.Path}: {c.Before ?? "-"} -> {c.After ?? "-"}").Prepend($"version {version.Number}"));
    }

    static string Render(Dictionary<string, ConfigSpace> all, string name, ConfigFile file, string environment)
    {
        var view = ConfigEffective.Of(name, environment, all.GetValueOrDefault)!;
        var made = ConfigRender.Of(file, view.Values.ToDictionary(v => v.Key, v => v.Value.Value), key => view.Items.GetValueOrDefault(key)?.Type ?? ConfigType.Text);
        return made.Problem is { } problem ? $"{problem.Path}: {problem.What}; {problem.Remedy}" : made.Text!.TrimEnd('\n');
    }

    static string Get(Dictionary<string, ConfigSpace> all, string name, string environment)
    {
        var view = ConfigEffective.Of(name, environment, all.GetValueOrDefault)!;
        return string.Join('\n', view.Values.Select(v => $"{v.Key} = {v.Value.Value}   from {v.Value.Space} {v.Value.Version} {v.Value.Layer} {(v.Value.IsDefault ? "default" : v.Value.Environment)}{(v.Value.IsSecret ? " secret" : "")}").Append(view.Tag));
    }
}
