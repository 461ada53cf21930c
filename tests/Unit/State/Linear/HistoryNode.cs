namespace Mainstay.Tests.State.Linear;

/// <summary>A call or an answer in the list of those that are left, in order of time.</summary>
sealed class HistoryNode(int index, bool isCall)
{
    public int Index => index;

    public bool IsCall => isCall;

    public HistoryNode? Before { get; set; }

    public HistoryNode? Next { get; set; }

    public HistoryNode? Answer { get; set; }

    public void Lift()
    {
        Unlink();
        Answer!.Unlink();
    }

    public void Return()
    {
        Answer!.Relink();
        Relink();
    }

    void Unlink()
    {
        Before!.Next = Next;
        if (Next is not null)
            Next.Before = Before;
    }

    void Relink()
    {
        Before!.Next = this;
        if (Next is not null)
            Next.Before = this;
    }
}
