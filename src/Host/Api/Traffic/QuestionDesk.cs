using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Host.Api.Gateways;
using Mainstay.Traffic.Path;

namespace Mainstay.Host.Api.Traffic;

/// <summary>Asks the gateways and gathers what they answer. One question is under way at a time; others wait their turn.</summary>
public sealed class QuestionDesk(TableSource tables, Mirror mirror, TimeProvider time) : IDisposable
{
    /// <summary>How long the gateways have to answer.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    readonly SemaphoreSlim turn = new(1, 1);
    readonly ConcurrentDictionary<string, Gathering> open = new(StringComparer.Ordinal);
    long number;

    /// <summary>The answers of all gateways that answered in time.</summary>
    /// <param name="question">Its id is given here.</param>
    /// <param name="isEnough">Whether to stop at an answer: a past request is known to one gateway alone.</param>
    /// <param name="stop">Ends it.</param>
    public async Task<IReadOnlyList<QuestionAnswer>> AskAsync(Question question, Func<QuestionAnswer, bool> isEnough, CancellationToken stop)
    {
        var expected = mirror.Read(seen => seen.All<GatewayNode>().Count());
        if (expected == 0)
        {
            return [];
        }

        await turn.WaitAsync(stop);
        var id = Interlocked.Increment(ref number).ToString(CultureInfo.InvariantCulture);
        var gathering = new Gathering(expected, isEnough);
        open[id] = gathering;
        try
        {
            tables.Ask(Encoding.UTF8.GetBytes(new QuestionLine(question with { Id = id }).ToJson()));
            await gathering.Complete.Task.WaitAsync(Patience, time, stop);
        }
        catch (TimeoutException)
        {
            // Those that answered are enough to tell.
        }
        finally
        {
            open.TryRemove(id, out _);
            turn.Release();
        }

        return gathering.Answers;
    }

    /// <summary>Takes an answer in; one that nobody waits for is dropped.</summary>
    public void Take(QuestionAnswer answer)
    {
        if (answer.Id is not null && open.TryGetValue(answer.Id, out var gathering))
        {
            gathering.Add(answer);
        }
    }

    public void Dispose() => turn.Dispose();

    sealed class Gathering(int expected, Func<QuestionAnswer, bool> isEnough)
    {
        readonly List<QuestionAnswer> answers = [];

        public TaskCompletionSource Complete { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public IReadOnlyList<QuestionAnswer> Answers
        {
            get
            {
                lock (answers)
                {
                    return [.. answers];
                }
            }
        }

        public void Add(QuestionAnswer answer)
        {
            lock (answers)
            {
                answers.Add(answer);
                if (answers.Count < expected && !isEnough(answer))
                {
                    return;
                }
            }

            Complete.TrySetResult();
        }
    }
}
