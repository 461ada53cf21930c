using System.Data.Common;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Mainstay.Client.Queues;

namespace Mainstay.Client.Outbox;

/// <summary>
/// Sends on what lies in an outbox, in the order in which it was put in: a message leaves the table only after its queue has confirmed it. What was confirmed and could not be taken out is sent again with the same
/// source and id, which the queue takes for the same within its <c>dedupe</c>.
/// </summary>
/// <remarks>
/// A message that its queue refuses for what it is (too large, no message) is set aside with the reason, so that it holds nobody up: see <see cref="AsideAsync"/>. One whose queue is not there, is full or cannot be
/// reached is waited for, and what is behind it waits too. Several processes may relay one outbox: each message is then sent at least once, and stored once.
/// </remarks>
/// <param name="queues">Publishes.</param>
/// <param name="connect">Gives an open connection; it is disposed of.</param>
/// <param name="time">Null is the system's.</param>
public sealed class OutboxRelay(QueueClient queues, Func<CancellationToken, Task<DbConnection>> connect, TimeProvider? time = null) : IDisposable
{
    const int Batch = 100;

    static readonly TimeSpan Idle = TimeSpan.FromSeconds(1);

    readonly TimeProvider time = time ?? TimeProvider.System;
    readonly SemaphoreSlim woken = new(0, 1);

    /// <summary>Says that something was put in and committed; without it that is noticed within a second.</summary>
    public void Wake()
    {
        if (woken.CurrentCount == 0)
        {
            try
            {
                woken.Release();
            }
            catch (SemaphoreFullException)
            {
                // Somebody else was faster.
            }
        }
    }

    /// <summary>Sends on until stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                if (await SendAsync(stop) == 0)
                {
                    await woken.WaitAsync(Idle, stop);
                }
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception away) when (away is HttpRequestException or DbException)
            {
                await Task.WhenAny(Task.Delay(Idle, time, stop));
            }
        }
    }

    /// <summary>Sends on what lies there now, at most 100 messages; how many left the table or were set aside.</summary>
    /// <exception cref="HttpRequestException">A queue could not be reached, is full or is not there; the messages stay.</exception>
    public async Task<int> SendAsync(CancellationToken stop = default)
    {
        var waiting = await ReadAsync(stop);
        var done = 0;
        // Messages that follow each other to the same place go together.
        for (var at = 0; at < waiting.Count;)
        {
            var end = at + 1;
            while (end < waiting.Count && waiting[end].Target == waiting[at].Target && waiting[end].IsTopic == waiting[at].IsTopic)
            {
                end++;
            }

            await SendAsync(waiting[at..end], stop);
            done += end - at;
            at = end;
        }

        return done;
    }

    /// <summary>Messages that were set aside, by number, with the reason.</summary>
    public async Task<IReadOnlyList<(long Number, string Target, string Why)>> AsideAsync(CancellationToken stop = default)
    {
        await using var connection = await connect(stop);
        await using var command = Sql.Command(connection, null, $"SELECT n, target, why FROM {OutboxTable.Table} WHERE why IS NOT NULL ORDER BY n LIMIT 1000");
        await using var rows = await command.ExecuteReaderAsync(stop);
        List<(long, string, string)> aside = [];
        while (await rows.ReadAsync(stop))
        {
            aside.Add((Sql.Number(rows, 0), rows.GetString(1), rows.GetString(2)));
        }

        return aside;
    }

    /// <summary>Sends what was set aside again.</summary>
    public async Task<int> RetryAsync(CancellationToken stop = default)
    {
        await using var connection = await connect(stop);
        return await connection.RunAsync(null, $"UPDATE {OutboxTable.Table} SET why = NULL WHERE why IS NOT NULL", stop);
    }

    /// <summary>To be called once it runs no more.</summary>
    public void Dispose() => woken.Dispose();

    async Task SendAsync(IReadOnlyList<Waiting> some, CancellationToken stop)
    {
        try
        {
            QueueEvent[] events = [.. some.Select(w => w.Event)];
            await (some[0].IsTopic ? queues.PublishToTopicAsync(some[0].Target, events, stop) : queues.PublishAsync(some[0].Target, events, stop));
        }
        catch (HttpRequestException refused) when (refused.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.RequestEntityTooLarge)
        {
            // One of them is not to be had; alone each shows whether it is the one.
            if (some.Count > 1)
            {
                foreach (var one in some)
                {
                    await SendAsync([one], stop);
                }

                return;
            }

            await ChangeAsync($"UPDATE {OutboxTable.Table} SET why = @why WHERE n = @n", some[0].Number, ("why", refused.Message), stop);
            return;
        }

        // Confirmed: what is not deleted because of a failure is sent once more, and stored once.
        await using var connection = await connect(stop);
        var numbers = string.Join(',', some.Select(w => w.Number.ToString(CultureInfo.InvariantCulture)));
        await connection.RunAsync(null, $"DELETE FROM {OutboxTable.Table} WHERE n IN ({numbers})", stop);
    }

    async Task ChangeAsync(string text, long number, (string, object?) value, CancellationToken stop)
    {
        await using var connection = await connect(stop);
        await connection.RunAsync(null, text, stop, ("n", number), value);
    }

    async Task<List<Waiting>> ReadAsync(CancellationToken stop)
    {
        await using var connection = await connect(stop);
        await using var command = Sql.Command(connection, null, $"SELECT n, target, topic, event FROM {OutboxTable.Table} WHERE why IS NULL ORDER BY n LIMIT {Batch}");
        await using var rows = await command.ExecuteReaderAsync(stop);
        List<Waiting> waiting = [];
        while (await rows.ReadAsync(stop))
        {
            using var json = JsonDocument.Parse(rows.GetString(3));
            waiting.Add(new(Sql.Number(rows, 0), rows.GetString(1), Sql.Number(rows, 2) == 1, QueueEvent.Of(json.RootElement)));
        }

        return waiting;
    }

    sealed record Waiting(long Number, string Target, bool IsTopic, QueueEvent Event);
}
