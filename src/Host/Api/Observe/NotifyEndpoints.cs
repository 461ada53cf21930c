using Mainstay.Core.Kinds.Observe;
using Mainstay.Core.Store;
using Mainstay.Host.Security;

namespace Mainstay.Host.Api.Observe;

/// <summary>Who is told of incidents, how it last went, and a test of whether it would.</summary>
public sealed class NotifyEndpoints(IStore store, Mirror mirror, NotifyLoop loop)
{
    public IEnumerable<ApiRoute> Routes() =>
    [
        new("GET", "/api/v1/notify", "Who is told of incidents, and whether the last time was taken.", ListAsync) { Answer = typeof(ReceiverList) },
        new("POST", "/api/v1/notify/{name}/test", "Tells a receiver that this is a test. 502 where it does not take it, with why.", TestAsync) { Answer = typeof(ReceiverView) },
    ];

    async Task<Answer?> ListAsync(Call call)
    {
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        await mirror.ReachAsync(store.Revision, call.Stop);
        return Answer.Json(new ReceiverList(loop.Standing()));
    }

    async Task<Answer?> TestAsync(Call call)
    {
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        await mirror.ReachAsync(store.Revision, call.Stop);
        var name = call.Path("name");
        if (mirror.Read(seen => seen.Get<Receiver>(name)) is not { } receiver)
        {
            return ProblemAnswer.NotFound($"there is no receiver '{name}'", "see 'mainstay notify list'; receivers are declared below notify");
        }

        return await loop.TestAsync(receiver, Identity.Of(call.Request).Who, call.Stop) is { } why
            ? new ProblemAnswer(502, "not-taken", $"{name} did not take it: {why}", "correct it below notify, or at the receiver, and test again")
            : Answer.Json(loop.Standing().First(r => r.Name == name));
    }
}

/// <summary>All receivers.</summary>
public sealed record ReceiverList(IReadOnlyList<ReceiverView> Items);

/// <summary>A receiver and how it stands.</summary>
/// <param name="By">webhook, email, or the kind of chat.</param>
/// <param name="Least">It is told of incidents that hurt what matters at least so much.</param>
/// <param name="LastAt">When this server last told it anything; null where it has not.</param>
/// <param name="LastOf">The incident, or that it was a test.</param>
/// <param name="Why">Why the last was not taken; null where it was.</param>
public sealed record ReceiverView(string Name, string By, string Least, DateTimeOffset? LastAt, string? LastOf, string? Why)
{
    public static ReceiverView Of(Receiver receiver, Telling? last) => new(
        receiver.Name,
        receiver.Spec switch { { Webhook: not null } => "webhook", { Chat: { } chat } => chat.Kind.ToString().ToLowerInvariant(), _ => "email" },
        receiver.Spec.Least.ToString().ToLowerInvariant(),
        last?.At,
        last?.Of,
        last?.Why);
}
