using System.Threading.Channels;

namespace Shop.Inventory;

/// <summary>
/// Stock and journal together. One writer takes every reservation that waits, decides them in order and makes them durable with a
/// single flush; several instances on one folder take turns by the journal's lock.
/// </summary>
sealed class Warehouse : BackgroundService
{
    const int LongestQueue = 1024, LargestBatch = 256;

    record Request(string Order, Line[] Lines, TaskCompletionSource<ReserveAnswer> Done);

    readonly Channel<Request> waiting = Channel.CreateBounded<Request>(LongestQueue);
    readonly Lock gate = new();
    readonly Journal journal;
    readonly ILogger log;
    Stock stock = new();

    public Warehouse(string folder, ILogger<Warehouse> log)
    {
        this.log = log;
        journal = new(folder);
        lock (gate)
        {
            using var holder = journal.Lock();
            if (CatchUp() == 0)
                Write(holder, [Stock.FirstDelivery(DateTimeOffset.UtcNow)]);
        }
    }

    public StockLevel[] Levels()
    {
        lock (gate)
        {
            CatchUp();
            return stock.Levels();
        }
    }

    /// <summary>Sets goods aside; repeating it with the same order is harmless.</summary>
    /// <returns>Null when too many reservations wait already.</returns>
    /// <exception cref="IOException">The journal could not be written; nothing was set aside.</exception>
    public async Task<ReserveAnswer?> Reserve(string order, Line[] lines)
    {
        var request = new Request(order, lines, new(TaskCreationOptions.RunContinuationsAsynchronously));
        return waiting.Writer.TryWrite(request) ? await request.Done.Task : null;
    }

    protected override async Task ExecuteAsync(CancellationToken stop)
    {
        var batch = new List<Request>(LargestBatch);
        while (await waiting.Reader.WaitToReadAsync(stop))
        {
            while (batch.Count < LargestBatch && waiting.Reader.TryRead(out var next))
                batch.Add(next);
            Settle(batch);
            batch.Clear();
        }
    }

    /// <summary>Answers only after the flush: an answer is a promise.</summary>
    void Settle(List<Request> batch)
    {
        try
        {
            ReserveAnswer[] answers;
            lock (gate)
            {
                using var holder = journal.Lock();
                CatchUp();
                answers = Decide(holder, batch);
            }
            for (var i = 0; i < answers.Length; i++)
                batch[i].Done.SetResult(answers[i]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            log.LogError("Nothing was reserved for {Count} orders: {Why}", batch.Count, e.Message);
            foreach (var request in batch)
                request.Done.TrySetException(new IOException("The journal cannot be written.", e));
        }
    }

    ReserveAnswer[] Decide(in Journal.Holder holder, List<Request> batch)
    {
        var entries = new List<Entry>();
        var now = DateTimeOffset.UtcNow;
        var answers = new ReserveAnswer[batch.Count];
        for (var i = 0; i < answers.Length; i++)
        {
            (answers[i], var made) = stock.Reserve(batch[i].Order, batch[i].Lines, now);
            entries.AddRange(made);
            Array.ForEach(made, stock.Apply);
        }
        if (entries.Count > 0)
            Persist(holder, entries);
        return answers;
    }

    void Write(in Journal.Holder holder, List<Entry> entries)
    {
        entries.ForEach(stock.Apply);
        Persist(holder, entries);
    }

    /// <summary>The stock runs ahead of the journal here; if the write fails it is rebuilt from what is really there.</summary>
    void Persist(in Journal.Holder holder, List<Entry> entries)
    {
        try
        {
            holder.Append(entries);
        }
        catch
        {
            stock = new();
            journal.Rewind();
            CatchUp();
            throw;
        }
    }

    int CatchUp()
    {
        var entries = journal.ReadNew();
        entries.ForEach(stock.Apply);
        return entries.Count;
    }

    public override void Dispose()
    {
        journal.Dispose();
        base.Dispose();
    }
}
