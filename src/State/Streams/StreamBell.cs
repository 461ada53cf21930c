namespace Mainstay.State.Streams;

/// <summary>Wakes who waits for events, of one stream or of all.</summary>
/// <remarks>Who waits takes its place before it reads: so that what is appended between reading and waiting wakes it.</remarks>
sealed class StreamBell
{
    readonly Lock taking = new();
    readonly Dictionary<string, HashSet<Place>> places = new(StringComparer.Ordinal);

    /// <summary>How many wait.</summary>
    public int Waiting
    {
        get
        {
            lock (taking)
                return places.Values.Sum(p => p.Count);
        }
    }

    /// <summary>A place that is woken once; to be given back.</summary>
    /// <param name="stream">Null for all.</param>
    public Place Take(string? stream)
    {
        var place = new Place(this, stream ?? "");
        lock (taking)
        {
            if (!places.TryGetValue(place.Stream, out var here))
                places[place.Stream] = here = [];
            here.Add(place);
        }

        return place;
    }

    /// <summary>Wakes those of these streams, and those of all.</summary>
    public void Ring(string stream)
    {
        lock (taking)
        {
            Wake(stream);
            Wake("");
        }
    }

    /// <summary>Wakes everybody.</summary>
    public void RingAll()
    {
        lock (taking)
        {
            foreach (var stream in places.Keys)
                Wake(stream);
        }
    }

    void Wake(string stream)
    {
        foreach (var place in places.GetValueOrDefault(stream) ?? [])
            place.Rung.TrySetResult();
    }

    void Leave(Place place)
    {
        lock (taking)
        {
            if (places.TryGetValue(place.Stream, out var here) && here.Remove(place) && here.Count == 0)
                places.Remove(place.Stream);
        }
    }

    /// <summary>Somebody who waits.</summary>
    public sealed class Place(StreamBell bell, string stream) : IDisposable
    {
        public string Stream => stream;

        public TaskCompletionSource Rung { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Dispose() => bell.Leave(this);
    }
}
