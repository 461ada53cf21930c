using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.State;
using Mainstay.Core.Store;
using Mainstay.Host.Api.Agents;
using Mainstay.Schedule.Agent;
using Mainstay.State.Secrets;

namespace Mainstay.Host.Api.Config;

/// <summary>
/// Makes the files of instances and gives each to the agent whose instance is to have it, as soon as what it is made of is published; the instance is a reader like others, with what its agent says that it runs. One request
/// waits for all instances of a host.
/// </summary>
public sealed class ConfigFiles(ServerServices services, Mirror mirror, ConfigReads reads, SecretKeeper secrets, EventNames names)
{
    // An answer that is larger is given in parts: what is left out is asked for again at once.
    const int MostText = 8 << 20;
    static readonly TimeSpan MostWait = TimeSpan.FromSeconds(60);

    public IEnumerable<ApiRoute> Routes() =>
    [
        new("POST", "/internal/v1/agents/{host}/files", "What the files of this host's instances are to hold, as far as it was not seen yet; waits for it.", AnswerAsync) { Body = typeof(FilesAsk), BodyBytes = 8 << 20 },
    ];

    async Task<Answer?> AnswerAsync(Call call)
    {
        var host = call.Path("host");
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        var (ask, malformed) = await Body.ReadAsync<FilesAsk>(call);
        if (ask is null)
        {
            return malformed;
        }

        if (ask.Held.Count > FilesAsk.Most || ask.Wait < TimeSpan.Zero || ask.Wait > MostWait)
        {
            return ProblemAnswer.BadRequest($"more than {FilesAsk.Most} files are asked for, or a wait that is not within 60s", "ask for fewer, and wait less");
        }

        var began = services.Time.GetTimestamp();
        await NoteAsync(host, ask, call.Stop);
        while (true)
        {
            var next = reads.Next();
            var behind = Wanted(host, ask).Where(w => w.Held.Seen is null || w.Held.Seen != (w.Page?.Tag ?? "")).ToArray();
            var left = ask.Wait - services.Time.GetElapsedTime(began);
            if (behind.Length > 0 || left <= TimeSpan.Zero)
            {
                return Answer.Json(await MadeAsync(behind, call.Stop));
            }

            await reads.UntilAsync(next, left, call.Stop);
        }
    }

    // An agent is told about its own instances, and nothing else.
    Wish[] Wanted(string host, FilesAsk ask)
    {
        var instances = mirror.Read(seen => ask.Held.Select(h => h.Instance).Distinct(StringComparer.Ordinal).Select(seen.Get<Instance>).OfType<Instance>().Where(i => i.Host == host).ToDictionary(i => i.Name, StringComparer.Ordinal));
        var usual = reads.DefaultEnvironment;
        return [.. ask.Held.Where(h => instances.ContainsKey(h.Instance)).Select(h => (Held: h, File: instances[h.Instance].Template.Files?.GetValueOrDefault(h.File), instances[h.Instance].Service))
            .Where(w => w.File is not null)
            .Select(w => new Wish(w.Held, w.File!, w.Service, reads.Find(w.File!.From!, w.File.Environment ?? usual, new(w.Held.Instance, null)), w.File.Environment ?? usual))];
    }

    async Task<FilesGiven> MadeAsync(Wish[] wishes, CancellationToken stop)
    {
        var (items, size) = (new List<FileGiven>(), 0);
        foreach (var wish in wishes)
        {
            var made = await MadeAsync(wish, stop);
            if (items.Count > 0 && size + (made.Text?.Length ?? 0) > MostText)
            {
                break;
            }

            items.Add(made);
            size += made.Text?.Length ?? 0;
        }

        return new(items);
    }

    async Task<FileGiven> MadeAsync(Wish wish, CancellationToken stop)
    {
        if (wish.Page is not { } page)
        {
            return new(wish.Held.Instance, wish.Held.File, "", null, HasSecret: false, $"there is no name space '{wish.File.From}'; publish it");
        }

        var keys = ConfigRender.KeysOf(wish.File, page.Values.Keys).ToHashSet(StringComparer.Ordinal);
        var (values, hasSecret) = (new Dictionary<string, string>(StringComparer.Ordinal), false);
        foreach (var (key, value) in page.Values.Where(v => keys.Contains(v.Key)))
        {
            var text = value.Value;
            if (value.IsSecret)
            {
                hasSecret = true;
                var secret = value.Value[ConfigValues.SecretMark.Length..];
                try
                {
                    if (await secrets.RevealAsync(secret, stop) is not { } revealed)
                    {
                        return Refused($"there is no value of the secret '{secret}'; keep it with 'mainstay secret set {secret}'");
                    }

                    text = revealed;
                }
                catch (SecretsUnavailableException unavailable)
                {
                    return Refused($"{unavailable.Message}; {unavailable.Remedy}");
                }
            }

            values[key] = text;
        }

        var made = ConfigRender.Of(wish.File, values, key => page.Items.GetValueOrDefault(key)?.Type ?? ConfigType.Text);
        return made.Problem is { } problem ? Refused($"{problem.What}; {problem.Remedy}") : new(wish.Held.Instance, wish.Held.File, page.Tag, made.Text, hasSecret, null);

        FileGiven Refused(string why) => new(wish.Held.Instance, wish.Held.File, page.Tag, null, HasSecret: false, why);
    }

    // An instance with several files of a name space runs what the one that is furthest behind has.
    async Task NoteAsync(string host, FilesAsk ask, CancellationToken stop)
    {
        foreach (var own in Wanted(host, ask).GroupBy(w => (w.Held.Instance, w.File.From, w.Environment)))
        {
            var shown = own.FirstOrDefault(w => w.Held.Problem is not null) ?? own.FirstOrDefault(w => w.Held.Tag != w.Page?.Tag) ?? own.First();
            if (shown.Held is not { Tag: null, Problem: null } && reads.Note(own.Key.From!, new(own.Key.Instance, null), own.Key.Environment, Limited(shown.Held.Tag ?? "", 4096), host, shown.Held.Problem is { } why ? Limited($"{shown.Held.File}: {why}", 500) : null))
            {
                var told = names.Make(services.Time.GetUtcNow(), $"service/{shown.Service}", "NotConfigured", $"{shown.Held.Instance} does not have {shown.Page?.Tag ?? own.Key.From} in {Limited($"{shown.Held.File}: {shown.Held.Problem}", 500)}", Severity.Warning);
                try
                {
                    await services.Store.CommitAsync(new([], [new(services.Kinds.Of<Event>().KeyOf(told.Name), Codec.Encode(told))]), stop);
                }
                catch (StoreUnavailableException fault)
                {
                    // It is in the list of readers in any case.
                    services.OnFault?.Invoke("telling of configuration that was not taken", fault);
                }
            }
        }
    }

    static string Limited(string text, int most) => text.Length <= most ? text : text[..most] + "…";

    sealed record Wish(FileHeld Held, ConfigFile File, string Service, ConfigPage? Page, string Environment);
}
