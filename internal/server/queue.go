package server

import (
	"context"

	"exporttask/api"
)

// maxQueueOperators bounds the operators in a reply of GetQueue.
const maxQueueOperators = 500

// GetQueue implements the RPC.
func (s *Server) GetQueue(ctx context.Context, req *api.WshExportTaskGetQueueReq) (*api.WshExportTaskGetQueueRes, error) {
	if err := notNegative("operatorId", req.GetOperatorId()); err != nil {
		return nil, err
	}
	operators, workers, err := s.DB.QueueLoad(ctx, req.GetOperatorId(), maxQueueOperators)
	if err != nil {
		return nil, err
	}
	q := &api.WshExportQueue{}
	for _, o := range operators {
		q.Operators = append(q.Operators, &api.WshExportQueueOperator{
			OperatorId: o.OperatorID, Waiting: o.Waiting, Retrying: o.Retrying, Running: o.Running, OldestSec: o.OldestSec,
		})
	}
	for _, w := range workers {
		q.Workers = append(q.Workers, &api.WshExportQueueWorker{Worker: w.Owner, Running: w.Running})
	}
	return &api.WshExportTaskGetQueueRes{Data: q}, nil
}
